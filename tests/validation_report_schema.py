"""The validation report structure of the European Statistical System, version 1.0.0, as a JSON schema.

After the tables of section 6 of the design report: what is mandatory there is required here, what may be extended there
may be extended here.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_SAID = {"type": "string", "minLength": 1}
_KEYS = {"type": "array", "items": _SAID, "minItems": 1}


def _record(kind: str, expression: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    parts = {
        "id": _SAID,
        "type": {"const": kind},
        "event": {
            "type": "object",
            "properties": {
                "time": {"type": "string", "format": "date-time"},
                "actor": _SAID,
                "agent": _SAID,
                "trigger": _SAID,
            },
            "required": ["time", "actor"],
        },
        **expression,
        "data": {
            "type": "object",
            "properties": {"source": _KEYS, "target": _KEYS, "description": _TEXT},
            "required": ["source", "target"],
        },
        "value": value,
    }
    return {
        "type": "object",
        "properties": parts,
        "required": list(parts),
        "additionalProperties": False,
    }


_EXPRESSION = {"language": _SAID, "expression": _SAID, "description": _TEXT}
_RULE = {
    "type": "object",
    "properties": {
        **_EXPRESSION,
        "severity": {"enum": ["information", "warning", "error"]},
        "status": _TEXT,
    },
    "required": ["language", "expression", "severity"],
}
_AGGREGATE = {"type": "object", "properties": _EXPRESSION, "required": ["language", "expression"]}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "array",
    "items": {
        "oneOf": [
            _record("validation", {"rule": _RULE}, {"enum": ["0", "1", "NA"]}),
            _record("aggregation", {"aggregate": _AGGREGATE}, _TEXT),
        ]
    },
}
