#!/usr/bin/env python3
"""Makes testdata/siem/ocsf.json and ecs.json: the parts of the published schemas that our events use.

    tests/siem/vendor.py

Needs pip, npm and node. Versions are pinned below; testdata/siem/README.md names the sources.
"""

import json
import pathlib
import subprocess
import tempfile
import zipfile

OCSF_PACKAGE, OCSF = "ocsf-json-schema==1.2.0", "1.6.0"
ECS_PACKAGE, ECS = "@elastic/ecs@8.11.5", "8.11.0"
CLASSES = ["entity_management", "api_activity"]
OBJECTS = [
    "actor", "api", "http_request", "managed_entity", "metadata", "network_endpoint", "object", "product", "request",
    "resource_details", "user",
]
ECS_SETS = ["base", "ecs", "event", "http", "observer", "organization", "related", "source", "user", "user_agent"]
TARGET = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "siem"


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


def attribute(found):
    kept = {"type": found["type"], "requirement": found.get("requirement", "optional")}
    if found.get("object_type"):
        kept["object"] = found["object_type"]
    if found.get("is_array"):
        kept["array"] = True
    if found.get("enum"):
        kept["enum"] = {name: value["caption"] for name, value in sorted(found["enum"].items())}
    if found.get("@deprecated"):
        kept["deprecated"] = True
    return kept


def members(found):
    # Attributes of profiles belong to events that name the profile, and ours name none.
    kept = {name: attribute(it) for name, it in sorted(found["attributes"].items()) if not it.get("profile")}
    return {"attributes": kept, "constraints": found.get("constraints") or {}}


def ocsf(directory):
    run("pip", "download", "--quiet", "--no-deps", "--dest", directory, OCSF_PACKAGE)
    wheel = next(pathlib.Path(directory).glob("ocsf_json_schema-*.whl"))
    schema = json.loads(zipfile.ZipFile(wheel).read(f"ocsf_json_schema/ocsf/{OCSF}.json"))
    assert schema["version"] == OCSF
    classes = {
        str(schema["classes"][name]["uid"]): {
            "name": schema["classes"][name]["caption"],
            "category_uid": schema["classes"][name]["category_uid"],
            "category_name": schema["classes"][name]["category_name"],
            **members(schema["classes"][name]),
        }
        for name in CLASSES
    }
    objects = {name: members(schema["objects"][name]) for name in OBJECTS}
    types = {
        name: {key: found[key] for key in ("type", "regex", "max_len") if key in found}
        for name, found in sorted(schema["types"].items())
    }
    return {"version": OCSF, "classes": classes, "objects": objects, "types": types}


def ecs(directory):
    package = run("npm", "pack", "--silent", ECS_PACKAGE, cwd=directory).strip()
    run("tar", "xzf", package, cwd=directory)
    read = "process.stdout.write(JSON.stringify(require('./package/generated/ecs_flat.js').EcsFlat))"
    flat = json.loads(run("node", "-e", read, cwd=directory))
    fields = {}
    for name, found in sorted(flat.items()):
        if "." in name and name.split(".")[0] not in ECS_SETS:
            continue
        field = {"type": found["type"], "array": "array" in found.get("normalize", [])}
        if found.get("allowed_values"):
            field["allowed"] = {it["name"]: it.get("expected_event_types", []) for it in found["allowed_values"]}
        fields[name] = field
    return {"version": ECS, "fields": fields}


def main():
    for name, make in [("ocsf", ocsf), ("ecs", ecs)]:
        with tempfile.TemporaryDirectory() as directory:
            text = json.dumps(make(directory), indent=1, ensure_ascii=False)
        (TARGET / f"{name}.json").write_text(text + "\n")


main()
