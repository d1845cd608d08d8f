from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from processors.settings import load_settings
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access

if TYPE_CHECKING:
    from pathlib import Path

SASL = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "worker",
    "KAFKA_SASL_PASSWORD": "not-for-logs",
}


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_without_variables_it_is_plain_text_and_nobody() -> None:
    assert kafka_access() == {"security_protocol": "PLAINTEXT"}


def test_a_user_over_tls_checks_the_brokers_certificate_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **SASL)
    options = kafka_access()
    context = options.pop("ssl_context")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "worker",
        "sasl_plain_password": "not-for-logs",
    }


def test_secrets_may_stand_in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("redis://view:from-a-file@redis.example:6379/0\n", "utf-8")
    given(monkeypatch, **SASL, KAFKA_SASL_PASSWORD_FILE=str(file), STAGELINE_TOKEN_FILE=str(file))
    monkeypatch.delenv("KAFKA_SASL_PASSWORD")
    monkeypatch.delenv("REDIS_URL", raising=False)
    given(monkeypatch, REDIS_URL_FILE=str(file))
    settings = load_settings()
    assert kafka_access()["sasl_plain_password"] == settings.redis_url == file.read_text("utf-8").strip()
    assert settings.token is not None
    assert "from-a-file" not in repr(settings)
    assert load_settings(redis_url="redis://one:1").redis_url == "redis://one:1"


@pytest.mark.parametrize(
    ("variables", "refusal"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL='TLS': write one of PLAINTEXT, SSL,"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "set KAFKA_SASL_USERNAME, or KAFKA_SASL_USERNAME_FILE"),
        (SASL | {"KAFKA_SASL_MECHANISM": "MD5"}, "KAFKA_SASL_MECHANISM='MD5': write one of PLAIN,"),
        (SASL | {"KAFKA_CA_FILE": "/no/such"}, "KAFKA_CA_FILE, .* cannot be used: No such file"),
        (
            {**SASL, "KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": "/no/such"},
            "/no/such cannot be read",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_variable_and_without_the_secret(
    variables: dict[str, str], refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, **variables)
    with pytest.raises(LifecycleError, match=refusal) as refused:
        kafka_access()
    assert "not-for-logs" not in str(refused.value)
