"""The configuration variables that workflows read."""

from typing import Any

from bot.sandbox.github.automation import Variable
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, not_found
from bot.sandbox.github.state import Role, now

routes = Routes()
VARIABLES = "/repos/{owner}/{repo}/actions/variables"
VARIABLE = VARIABLES + "/{name}"


def _variable(call: Call) -> Variable:
    found = call.repository.variables.get(call.path["name"].upper())
    if found is None:
        raise not_found()
    return found


def _variable_shape(record: Variable) -> Json:
    return {
        "name": record.name,
        "value": record.value,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


@routes("GET", VARIABLES)
def list_variables(call: Call) -> Answer:
    """The variables of the repository."""
    call.need(Role.WRITE)
    return call.page(call.repository.variables.values(), _variable_shape, wrapped="variables")


@routes("POST", VARIABLES, 201)
def create_variable(call: Call) -> Json:
    """Make a variable; names are upper case."""
    call.need(Role.WRITE)
    name = call.text("name").upper()
    if name in call.repository.variables:
        raise Refused(409, "Already exists - Variable already exists")
    call.repository.variables[name] = Variable(name=name, value=call.text("value"))
    return {}


@routes("GET", VARIABLE)
def get_variable(call: Call) -> Any:
    """One variable."""
    call.need(Role.WRITE)
    return _variable_shape(_variable(call))


@routes("PATCH", VARIABLE, 204)
def update_variable(call: Call) -> None:
    """Change a variable's value."""
    call.need(Role.WRITE)
    variable = _variable(call)
    variable.value, variable.updated_at = call.text("value", variable.value), now()


@routes("DELETE", VARIABLE, 204)
def delete_variable(call: Call) -> None:
    """Remove a variable."""
    call.need(Role.WRITE)
    del call.repository.variables[_variable(call).name]
