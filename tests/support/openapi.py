"""The API's document as a judge of answers."""

import json
from copy import deepcopy

import jsonschema
from jsonschema.validators import validator_for

from notify_server.domain.settings import Settings
from notify_server.rest.openapi import make_document


def document(settings=None):
    """As it travels."""
    return json.loads(json.dumps(make_document(settings or Settings())))


def closed(schema):
    """The same without room for fields that are not described."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(part) for name, part in schema.items()}
    if "properties" in made and "required" in made:
        made.setdefault("additionalProperties", False)
    return made


class Judge:
    """Holds values against the schemas of the document."""

    def __init__(self, settings=None):
        self.document = document(settings)
        self._strict = closed(deepcopy(self.document["components"]))

    def check(self, name, value):
        """Raise unless the value is exactly what the named schema says."""
        self._check({"$ref": f"#/components/schemas/{name}"}, value)

    def check_answer(self, method, path, status, value):
        """Raise unless the call may answer this."""
        responses = self.document["paths"][path][method.lower()]["responses"]
        assert str(status) in responses, f"{method} {path}: {status} is not described"
        response = responses[str(status)]
        if "$ref" in response:
            return self.check("Problem", value)
        content = response.get("content", {})
        if "application/json" not in content:
            return None
        return self._check(content["application/json"]["schema"], value)

    def _check(self, schema, value):
        whole = {"components": self._strict, **schema}
        dialect = validator_for(whole, default=jsonschema.Draft202012Validator)
        dialect(whole, format_checker=dialect.FORMAT_CHECKER).validate(value)
