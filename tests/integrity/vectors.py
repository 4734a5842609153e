#!/usr/bin/env python3
"""Computes the vectors in testdata/integrity from docs/integrity.md alone, and compares them. It shares no code with the program.

Run by hand: tests/integrity/vectors.py [--write]. With --write it fills in the results for the entries in the file.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import uuid
from datetime import datetime, timedelta, timezone

LEAVES = pathlib.Path(__file__).parents[2] / "testdata/integrity/leaves.json"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def micros(text):
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // timedelta(microseconds=1)


def field(value):
    if value is None:
        return b"\xff\xff\xff\xff"
    value = value if isinstance(value, bytes) else value.encode()
    return len(value).to_bytes(4, "big") + value


def user(value):
    value = value or {}
    return b"".join(field(value.get(name)) for name in ["kind", "id", "email", "name", "role"])


def salt(seed, part):
    return hmac.new(seed, part.encode(), hashlib.sha256).digest()[:16]


def sha(data):
    return hashlib.sha256(data).digest()


def leaf_of(vector, tile_latest):
    """The canonical parts, the record and the new tile_latest of a vector."""
    entry, seed = vector["entry"], bytes.fromhex(vector["seed"])
    context = entry.get("context", {})
    actor = user(entry["user"]) + user(entry.get("on_behalf_of"))
    actor += field(context.get("ip")) + field(context.get("user_agent"))
    content = field(uuid.UUID(entry["uuid"]).bytes)
    content += b"".join(field(entry.get(name)) for name in ["action", "model_type", "model_id", "model_name"])
    content += field(context.get("via")) + field(context.get("request_id")) + field(entry.get("reason"))
    content += field(vector["changes"])
    tile_latest = max(tile_latest, micros(entry["occurred_at"]))
    record = b"\x01" + (entry["id"] - 1).to_bytes(8, "big")
    record += micros(entry["occurred_at"]).to_bytes(8, "big") + micros(entry["recorded_at"]).to_bytes(8, "big")
    record += tile_latest.to_bytes(8, "big")
    record += sha(salt(seed, "actor") + actor) + sha(salt(seed, "content") + content)
    return actor, content, record, tile_latest


def root(hashes):
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\x01" + root(hashes[:half]) + root(hashes[half:]))


def results(document):
    hashes, tile_latest = [], 0
    for vector in document["leaves"]:
        if "entry" in vector:
            actor, content, record, tile_latest = leaf_of(vector, tile_latest)
            vector.update(actor=actor.hex(), content=content.hex())
        else:
            record = b"\x00" + vector["index"].to_bytes(8, "big") + bytes(16) + tile_latest.to_bytes(8, "big") + bytes(64)
        hashes.append(sha(b"\x00" + record))
        vector.update(record=record.hex(), leaf=hashes[-1].hex(), root=root(hashes).hex())
    origin = f"krosyn-audit/{document['organization']}/audit"
    document["checkpoint"] = f"{origin}\n{len(hashes)}\n{base64.b64encode(root(hashes)).decode()}\n"
    return document


def main():
    written = LEAVES.read_text()
    computed = json.dumps(results(json.loads(written)), indent=1, ensure_ascii=False) + "\n"
    if "--write" in sys.argv:
        LEAVES.write_text(computed)
    elif written != computed:
        sys.exit(f"{LEAVES.name} differs from what its entries and seeds give")
    print(f"{len(json.loads(computed)['leaves'])} leaf records agree")


main()
