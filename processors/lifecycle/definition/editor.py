"""The JSON Schema of lifecycle files, for editors to complete and describe keys. The checker knows more."""

from __future__ import annotations

import json

from processors.lifecycle.definition.grammar.lifecycle import Lifecycle


def editor_schema() -> str:
    """Return the schema as JSON text."""
    schema = Lifecycle.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Stageline lifecycle file"
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
