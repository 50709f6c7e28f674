"""`/help`: the command table, or all about one command."""

from bot import grammar
from bot.commands import ALIASES, COMMANDS, WHERE, Command
from bot.core.quoting import code
from bot.core.settings import nearest
from bot.errors import UserError
from bot.ports import World
from bot.replies import Help, Manual


def explain(world: World, command: Command) -> Help | Manual:
    """Say what can be asked.

    Raises:
        UserError: there is no such command.
    """
    prefix = world.config.commands.prefix
    if not command.words:
        return Help(grammar.table(prefix))
    asked = command.words[0].removeprefix("/")
    if (spec := COMMANDS.get(ALIASES.get(asked, asked))) is None:
        ours = {f"{prefix}{name}": name for name in COMMANDS}
        raise UserError(
            f"There is no {code(f'{prefix}{asked}')}.{nearest(f'{prefix}{asked}', ours)}"
        )
    rights = world.config.rights
    known = {f"{name}=": argument for name, argument in spec.arguments.items()}
    return Manual(
        usage=grammar.usage(spec, prefix),
        does=spec.does,
        aliases=tuple(f"{prefix}{alias}" for alias in spec.aliases),
        arguments={name: a.allowed for name, a in {**spec.words, **known}.items()},
        role=rights.needed(spec.right, is_private=world.forge.is_private, command=spec.name),
        where=WHERE[spec.where],
        costs=spec.costs,
        example=spec.example,
        settings=spec.settings,
        dry=spec.dry,
    )
