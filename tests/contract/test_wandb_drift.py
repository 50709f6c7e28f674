"""The sandbox's W&B understands every operation of the installed SDK but those listed here."""

import enum
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    NoUnusedFragmentsRule,
    build_schema,
    specified_rules,
    validate,
)
from pydantic import BaseModel
from wandb.proto.wandb_internal_pb2 import ServerFeature

from bot.sandbox import wandb as sandbox
from bot.sandbox.wandb.projects import FEATURES
from tests.contract.sdk_operations import USED, fragments, operations

ACCOUNTS = "people, teams and their keys are made in the web page"
REGISTRIES = "of registries the sandbox holds the two that everybody has, for links"
TAGS = "artifacts and collections have no tags here"
DELETED = "artifacts and collections stay for ever here"
LOCAL = "asked by the scheduler of sweeps that runs inside wandb-core"
OLD = "asked only of servers that do not know the newer operation"
VERIFY = "asked by `wandb verify`, which examines an installation of W&B"
NOT_SERVED = {
    "AddArtifactCollectionTags": TAGS,
    "CompleteMultipartUploadArtifact": "only files over 2 GiB are uploaded in parts",
    "CreateCustomChart": "charts are for the web page",
    "CreateInvite": ACCOUNTS,
    "CreateRegistryMembers": REGISTRIES,
    "CreateServiceAccount": ACCOUNTS,
    "CreateTeam": ACCOUNTS,
    "CreateUserFromAdmin": ACCOUNTS,
    "DeleteApiKey": ACCOUNTS,
    "DeleteArtifact": DELETED,
    "DeleteArtifactCollectionTags": TAGS,
    "DeleteArtifactPortfolio": DELETED,
    "DeleteArtifactSequence": DELETED,
    "DeleteInvite": ACCOUNTS,
    "DeleteRegistry": REGISTRIES,
    "DeleteRegistryMembers": REGISTRIES,
    "EnqueueSweepRun": LOCAL,
    "FetchAdvancedRegistryFeatures": REGISTRIES,
    "FetchRegistries": REGISTRIES,
    "GenerateApiKey": ACCOUNTS,
    "GetAutomationsLegacy": OLD,
    "GetEntityAutomationsLegacy": OLD,
    "GetOrgAutomations": "automations belong to projects and the team here",
    "GetTeamEntity": ACCOUNTS,
    "NotifyScriptableRunAlert": "nobody is there to read alerts",
    "OrgFeatureFlags": "asked for artifacts with references to CoreWeave's storage",
    "Project": VERIFY,
    "ProjectViews": "reports are for the web page",
    "RegistryCollections": REGISTRIES,
    "RegistryTeamMembers": REGISTRIES,
    "RegistryUserMembers": REGISTRIES,
    "RegistryVersions": REGISTRIES,
    "RenameRegistry": REGISTRIES,
    "RewindRun": "runs are not rewound here",
    "SearchUsers": ACCOUNTS,
    "ServerInfo": VERIFY,
    "SweepConfig": LOCAL,
    "UpdateArtifactPortfolio": DELETED,
    "UpdateArtifactSequence": DELETED,
    "UpdateArtifactSequenceType": DELETED,
    "UpdateAutomation": "automations are made anew here",
    "UpdateTeamRegistryRole": REGISTRIES,
    "UpdateUserRegistryRole": REGISTRIES,
    "UpsertRunQueue": "queues are made with createRunQueue, and not changed",
    "XXHashDigestsEnabled": "asked where the server has XXHash digests among its features",
    "deleteFiles": "files of runs stay for ever here",
}
INPUTS_NOT_SERVED = {
    f"UpsertModelInput.{name}": "for registries, and for pages and limits of projects"
    for name in ("allowAllArtifactTypesInRegistry", "artifactTypes", "dockerImage", "icon")
} | {"UpsertModelInput.rateLimits": "the sandbox's limits are set by `Wandb.limit`"}
GENERATED = [
    importlib.import_module(f"{package}._generated.{kind}")
    for package in ("wandb.apis", "wandb.automations", "wandb.sdk.artifacts")
    for kind in ("enums", "input_types")
]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    assert sandbox.__file__ is not None
    return build_schema((Path(sandbox.__file__).parent / "schema.graphql").read_text())


@pytest.fixture(scope="module")
def sdk() -> dict[str, list[DocumentNode]]:
    return operations()


def test_the_sdk_is_read(sdk: dict[str, list[DocumentNode]]) -> None:
    of_core = {"UpsertBucket", "RunResumeStatus", "CreateArtifactManifest", "RunStoppedStatus"}
    of_python = {"Runs", "GetSweep", "pushToRunQueueByName", "CreateAutomation", "Heartbeat"}
    assert of_core | of_python <= sdk.keys()


def test_every_operation_is_understood_but_those_with_a_reason(
    sdk: dict[str, list[DocumentNode]], schema: GraphQLSchema
) -> None:
    wrong = {
        name: [error.message for document in documents for error in validate(schema, document)]
        for name, documents in sdk.items()
    }
    unexpected = {name: errors for name, errors in wrong.items() if errors}
    assert {n: e for n, e in unexpected.items() if n not in NOT_SERVED} == {}
    assert NOT_SERVED.keys() - unexpected.keys() == set()  # no exception that nobody needs


def test_every_fragment_is_understood(schema: GraphQLSchema) -> None:
    found = fragments()
    assert len(found) >= 3
    rules = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]
    assert [error.message for each in found for error in validate(schema, each, rules)] == []


def test_what_our_clients_send_is_in_the_sdk_and_served(sdk: dict[str, list[DocumentNode]]) -> None:
    assert USED - sdk.keys() == set()
    assert USED & NOT_SERVED.keys() == set()


def _classes(module: ModuleType, base: type) -> Iterator[tuple[str, Any]]:
    return (
        (name, each)
        for name, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, base)
    )


def test_the_schema_knows_every_value_of_its_enums(schema: GraphQLSchema) -> None:
    compared, unknown = 0, set()
    for module in GENERATED:
        for name, each in _classes(module, enum.Enum):
            ours = schema.type_map.get(name)
            if isinstance(ours, GraphQLEnumType):
                compared += 1
                unknown |= {f"{name}.{value.value}" for value in each} - {
                    f"{name}.{value}" for value in ours.values
                }
    assert compared >= 5
    assert unknown == set()


def test_the_schema_takes_every_input_but_those_with_a_reason(schema: GraphQLSchema) -> None:
    compared, unknown = 0, set()
    for module in GENERATED:
        for name, each in _classes(module, BaseModel):
            ours = schema.type_map.get(name)
            if isinstance(ours, GraphQLInputObjectType):
                compared += 1
                sent = {info.alias or field for field, info in each.model_fields.items()}
                unknown |= {f"{name}.{field}" for field in sent - ours.fields.keys()}
    assert compared >= 15
    assert unknown == INPUTS_NOT_SERVED.keys()


def test_the_server_names_only_features_that_the_sdk_knows() -> None:
    assert set(FEATURES) - set(ServerFeature.keys()) == set()
