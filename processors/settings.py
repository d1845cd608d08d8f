"""What every process needs to know: from the environment, else the running local stack, else the defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from processors.stack.services import read_services
from schemas.errors import LifecycleError
from schemas.kafka_access import secret

ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:,\[\]]+)(?::([0-9]{1,5}))?")
PORTS = range(1, 65536)


def _addresses(text: str) -> str:
    """Pass on what Kafka's clients can read: what they cannot, some of them meet with a traceback."""
    found = [ADDRESS.fullmatch(one.strip()) for one in text.split(",")]
    if all(one and int(one[1] or 9092) in PORTS for one in found):
        return text
    raise PydanticCustomError("addresses", "write host:port, and a comma between several")


class Settings(BaseSettings):
    """Made by `load_settings`. `home`: data, logs, PID files. `lifecycle`: a path or a preset's name.

    `state_dir`: where `store` rocksdb keeps its files; None: `state` in `home`.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, populate_by_name=True)

    bootstrap_servers: Annotated[str, AfterValidator(_addresses)] = Field(
        default="127.0.0.1:9092", validation_alias="BOOTSTRAP_SERVERS"
    )
    schema_registry_url: SecretStr | None = Field(default=None, validation_alias="SCHEMA_REGISTRY_URL")
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", repr=False, validation_alias="REDIS_URL")
    lifecycle: str = Field(default="buyers-journey", validation_alias="STAGELINE_LIFECYCLE")
    home: Path = Field(default=Path(".stageline"), validation_alias="STAGELINE_HOME")
    web_host: str = Field(default="127.0.0.1", validation_alias="STAGELINE_WEB_HOST")
    web_port: int = Field(default=8620, ge=0, le=65535, validation_alias="STAGELINE_WEB_PORT")
    web_proxy: str | None = Field(default=None, validation_alias="STAGELINE_WEB_PROXY")
    # Offsets of lag: about what one worker does in a second, and what a person would still call "now".
    ready_lag: int = Field(default=10_000, ge=0, validation_alias="STAGELINE_READY_LAG")
    token: SecretStr | None = Field(default=None, validation_alias="STAGELINE_TOKEN")
    store: Literal["memory", "rocksdb"] = Field(default="memory", validation_alias="STAGELINE_STORE")
    state_dir: Path | None = Field(default=None, validation_alias="STAGELINE_STATE_DIR")


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 - one keyword per field, pydantic checks each
    """Read the settings; `given` (by field name) wins over the environment.

    Raises LifecycleError naming the variable and what is wrong with it.
    """
    try:
        settings = Settings(**(_from_files() | given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise LifecycleError(f"{name}={first['input']!r}: {first['msg']}.") from None
    return _with_local_stack(settings)


def _from_files() -> dict[str, Any]:
    """Read the secrets that files hold, by field."""
    names = {
        "schema_registry_url": "SCHEMA_REGISTRY_URL",
        "redis_url": "REDIS_URL",
        "token": "STAGELINE_TOKEN",
    }
    found = {field: secret(name) for field, name in names.items()}
    return {field: value for field, value in found.items() if value}


def _with_local_stack(settings: Settings) -> Settings:
    """Fill in the addresses of the running local stack where nobody gave one."""
    servers = read_services(settings.home)
    if servers is None:
        return settings
    found = {"bootstrap_servers": servers.bootstrap, "redis_url": servers.redis_url}
    unset = found.keys() - settings.model_fields_set
    return settings.model_copy(update={name: found[name] for name in unset})
