#!/usr/bin/env python3
"""An independent client: it verifies the logs of krosyn-audit, and was written from docs/integrity.md and the C2SP specifications alone.

It shares no code with the program. tests/integrity/third-party runs it. Needs python3 and the openssl command.

    client.py [--trail] URL TOKEN VKEY [STATE]    verifies the audit log of a server; with --trail also the trail, and that
                                                  each entry that is missing may be missing
    client.py --proof FILE VKEY                   verifies the JSON of GET .../ID/proof, without a server

VKEY is the verifier key NAME+ID+KEY of the audit log. STATE keeps the checkpoint for the next run, and STATE.tile what is needed
if the last tile of that checkpoint collapses. Exit codes: 0 verified, 1 not possible, 2 wrong usage, 7 something is wrong."""
import base64, calendar, datetime, hashlib, hmac, json, re, subprocess, sys, tempfile, urllib.error, urllib.request
from pathlib import Path

class Wrong(Exception):
    """Something is wrong: the id of an entry, or 0, and what."""

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def integer(record, at):
    return int.from_bytes(record[at:at + 8], "big")

def tree_hash(hashes):
    """The root of a tree with these hashes of leaves, or of full subtrees of one size and a smaller last one."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\1", tree_hash(hashes[:split]), tree_hash(hashes[split:]))

def climb(index, size, hashed, path):
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3), or None if it has the wrong length."""
    lefts = []
    while size > 1:
        split = 1 << (size - 1).bit_length() - 1
        lefts.insert(0, index < split)
        index, size = (index, split) if lefts[0] else (index - split, size - split)
    for sibling, left in zip(path, lefts):
        hashed = sha(b"\1", hashed, sibling) if left else sha(b"\1", sibling, hashed)
    return hashed if [len(it) for it in path] == [32] * len(lefts) else None

class Key:
    """A verifier key. The server has one key for all its logs: that of another log differs only in its name and id."""
    def __init__(self, name, public):
        self.name, self.public, self.id = name, public, sha(name.encode(), b"\n\x01", public)[:4]
    @staticmethod
    def parse(text):
        name, number, data = text.strip().split("+", 2)
        data = base64.b64decode(data, validate=True)
        key = Key(name, data[1:])
        if len(data) != 33 or data[0] != 1 or key.id.hex() != number:
            raise ValueError("VKEY is not an Ed25519 verifier key, or its id does not belong to its name and key")
        return key
    def signed(self, message, signature):
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + self.public)
            Path(directory, "text").write_bytes(message)
            Path(directory, "sig").write_bytes(signature)
            command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text -sigfile sig".split()
            return subprocess.run(command, cwd=directory, capture_output=True).returncode == 0
    def open(self, note):
        """The size and the root of a checkpoint, after its signature and origin are checked."""
        text, _, signatures = note.rpartition("\n\n")
        for line in signatures.splitlines():
            dash, name, data = line.split(" ")
            data = base64.b64decode(data)
            if (dash, name, data[:4]) == ("\u2014", self.name, self.id) and self.signed(text.encode() + b"\n", data[4:]):
                origin, size, root = text.split("\n")[:3]
                if origin == self.name and re.fullmatch("0|[1-9][0-9]*", size):
                    return int(size), base64.b64decode(root, validate=True)
        raise Wrong(0, f"this is not a checkpoint signed by {self.name}+{self.id.hex()}")

Number = type("Number", (str,), {})  # a number of a JSON text, as written, which is not a text of an entry
DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number)

def members(text, at=0):
    """The members of the object, or items of the list, at `at`: a list of name, value, and the bounds of the value's own text."""
    skip, found, name = re.compile("[ \t\r\n]*"), [], None
    at = skip.match(text, at).end()
    end, at = "}" if text[at] == "{" else "]", skip.match(text, at + 1).end()
    while text[at] != end:
        if end == "}":
            name, at = DECODER.raw_decode(text, at)
            at = skip.match(text, skip.match(text, at).end() + 1).end()
        value, after = DECODER.raw_decode(text, at)
        found.append((name, value, at, after))
        at = skip.match(text, after).end()
        at = skip.match(text, at + 1).end() if text[at] == "," else at
    return found

def micros(text):
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - epoch) // datetime.timedelta(microseconds=1)

MINUTE, DAY = 60_000_000, 86_400_000_000
UNITS = {"s": MINUTE // 60, "min": MINUTE, "h": 60 * MINUTE, "d": DAY}
PLANS = {"free": "90d", "starter": "1y", "pro": "1y", "business": "3y"}

def before(age, at):
    """The time an age before `at`. Months and years are those of the calendar, in UTC."""
    parts = {unit: int(number) for number, unit in re.findall("([0-9]+)([a-z]+)", age)}
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=at)
    months = 12 * parts.pop("y", 0) + parts.pop("mo", 0)
    year, month = divmod(12 * moment.year + moment.month - 1 - months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    moment = moment.replace(year=year, month=month + 1, day=day)
    return micros(moment.isoformat()) - sum(number * UNITS[unit] for unit, number in parts.items())

class Retention:
    """The plan and the floor as the trail states them (rule 9). None is not stated, and "none" is a floor that was removed."""
    def __init__(self):
        self.initial, self.changes = (None, None), []
    @staticmethod
    def completed(one, other):
        return tuple(first if first is not None else second for first, second in zip(one, other))
    def add(self, entry, changes):
        """Reads an entry about the organization, or the migration that gave the log a tree."""
        fields = {name: changes.get(name) for name in ("plan", "floor")}
        value = lambda side, name: fields[name] and (fields[name].get(side) or ("none" if name == "floor" else None))
        stated = (value("new", "plan"), value("new", "floor"))
        if entry["action"] == "updated":
            self.initial = self.completed(self.initial, (value("old", "plan"), value("old", "floor")))
        elif stated[0]:
            stated = (stated[0], stated[1] or "none")
        last = self.changes[-1][1] if self.changes else (None, None)
        self.changes.append((micros(entry["recorded_at"]), self.completed(stated, last)))
    def after(self, count):
        return self.completed(self.changes[count - 1][1] if count else (None, None), self.initial)
    def allowed(self, log, count, at, own):
        """The latest cutoff of a prune that was recorded at `at`, after so many changes. `own` is what it says about itself."""
        known = [self.completed(self.after(count), own)]
        for earlier in range(count - 1, -1, -1):
            if self.changes[earlier][0] + DAY < at:
                break
            known += [self.after(earlier)] * bool(self.after(earlier)[0])
        cutoffs = []
        for plan, floor in known:
            age = "1y" if (log, plan) == ("trail", "free") else PLANS[plan or "business"]
            floors = [before(floor, at)] if log == "audit" and floor not in (None, "none") else []
            cutoffs.append(max([before(age, at)] + floors))
        return max(cutoffs)

def canonical(fields):
    if any(type(field) not in (str, bytes, type(None)) for field in fields):
        raise ValueError("one of its members is not a text")
    fields = [field.encode() if type(field) is str else field for field in fields]
    return b"".join(b"\xff\xff\xff\xff" if field is None else len(field).to_bytes(4, "big") + field for field in fields)

def difference(text, at, record, opening):
    """Compares the entry whose JSON begins at `at` with its leaf record. Returns what differs, or None."""
    kind, secret, found = opening[0], opening[1:17], members(text, at)
    entry = {name: value for name, value, _, _ in found}
    if len(entry) != len(found) or kind not in (1, 2, 3, 4):
        return "its JSON names a member twice" if kind in (1, 2, 3, 4) else "it is listed, but its opening says that it was deleted"
    try:
        if (micros(entry["occurred_at"]), micros(entry["recorded_at"])) != (integer(record, 9), integer(record, 17)):
            return "its times are not those of its leaf record"
        users, context = [entry.get(name) or {} for name in ("user", "on_behalf_of")], entry.get("context") or {}
        changes = next(text[start:end].encode() for name, _, start, end in found if name == "changes")
        actor = [user.get(name) for user in users for name in ("kind", "id", "email", "name", "role")]
        content = [entry.get(name) for name in ("action", "model_type", "model_id", "model_name")]
        content += [context.get("via"), context.get("request_id"), entry.get("reason"), changes]
        for part, start, own, fields in ((b"actor", 33, 3, actor + [context.get("ip"), context.get("user_agent")]),
                                         (b"content", 65, 2, [bytes.fromhex(entry["uuid"].replace("-", ""))] + content)):
            salt = hmac.new(secret, part, "sha256").digest()[:16] if kind == 1 else secret
            if kind in (1, own) and sha(salt, canonical(fields)) != record[start:start + 32]:
                return f"its {part.decode()} is not that of its leaf record"
    except (ValueError, TypeError, KeyError, StopIteration) as error:
        return f"it is not an entry: {error!r}"

class Log:
    """A log of a server, and what was found wrong in it: (id, text)."""
    def __init__(self, url, token, key, path):
        self.url, self.token, self.key, self.wrong = url.rstrip("/") + path, token, key, []
        self.records, self.openings, self.collapsed, self.listed, self.note = {}, {}, {}, {}, self.get("/checkpoint").decode()
        self.size, self.root = key.open(self.note)
        self.read_tree()
        self.read_entries()
    def get(self, path):
        try:
            request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise OSError(f"{path}: status {error.code}: {error.read(300).decode(errors='replace')}") from None
    def tile(self, kind, number, width=256):
        *above, own = [group.zfill(3) for group in f"{number:,}".split(",")]
        return self.get(f"/tile/{kind}/" + "".join(f"x{group}/" for group in above) + own + (f".p/{width}" if width < 256 else ""))
    def hashes(self, level, count):
        data = b"".join(self.tile(level, at // 256, min(256, count - at)) for at in range(0, count, 256))
        if len(data) != 32 * count:
            raise Wrong(0, f"the tiles of level {level} do not have {count} hashes")
        return [data[at:at + 32] for at in range(0, len(data), 32)]
    def read_tree(self):
        count, level = self.size // 256, 2
        below = self.tops = self.hashes(1, count)
        for group in range(0, count, 256):
            data = self.tile("collapsed", group // 256)
            self.collapsed |= {group + data[at]: data[at + 1:at + 354] for at in range(0, len(data), 354)}
        while count := count // 256:  # each upper level says the same as the one below it
            upper = self.hashes(level, count)
            self.wrong += [(at * 256**level + 1, f"hash {at} of level {level} is not that of the tile below it")
                           for at in range(count) if upper[at] != tree_hash(below[256 * at:256 * at + 256])]
            below, level = upper, level + 1
        for number, top in enumerate(self.tops):
            if number not in self.collapsed:
                hashes = self.leaves(number, 256)
                if tree_hash(hashes) != top:
                    self.name_changed(number, hashes)
                continue
            record, path = self.collapsed[number][:97], [self.collapsed[number][at:at + 32] for at in range(97, 353, 32)]
            if integer(record, 1) != 256 * number + 255 or climb(255, 256, sha(b"\0", record), path) != top:
                self.wrong.append((256 * number + 256, "the record of its collapsed tile does not give the hash of the tile"))
        self.last = self.leaves(len(self.tops), self.size % 256) if self.size % 256 else []
        if tree_hash(self.tops + [tree_hash(self.last)] * bool(self.last)) != self.root:
            self.wrong.append((0, "the hashes of the tiles do not give the root of the checkpoint"))
            self.name_changed(len(self.tops), self.last)
    def name_changed(self, tile, hashes):
        """Names the first changed leaf of a wrong tile by the hints, or at least the tile."""
        numbers = range(256 * tile + 1, 256 * tile + len(hashes) + 1)
        named = [(number, "its leaf record was changed") for number, hashed in zip(numbers, hashes)
                 if self.openings[number][17:] not in (bytes(3), hashed[:3])]
        self.wrong += named[:1] or ([(numbers[0], f"an entry up to {numbers[-1]} was changed")] if len(hashes) == 256 else [])
    def leaves(self, tile, width):
        """The leaf hashes of a tile, from its records, after these are checked by themselves (rule 4)."""
        given, data, openings = (self.tile(kind, tile, width) for kind in (0, "entries", "openings"))
        if (len(given), len(data), len(openings)) != (32 * width, 99 * width, 20 * width):
            raise Wrong(256 * tile + 1, "the hashes, records or openings of its tile do not have the right length")
        hashes, latest = [], 0
        for at in range(width):
            number, record = 256 * tile + at + 1, data[99 * at + 2:99 * at + 99]
            self.records[number], self.openings[number] = record, openings[20 * at:20 * at + 20]
            hashes.append(sha(b"\0", record))
            latest = max(latest, integer(record, 9))
            start_ok = data[99 * at:99 * at + 2] == b"\0\x61" and record[0] < 2 and integer(record, 1) == number - 1
            if not start_ok or integer(record, 25) != latest or not record[0] and any(record[9:25] + record[33:]):
                self.wrong.append((number, "its leaf record has a wrong length, version, index or tile_latest"))
            if given[32 * at:32 * at + 32] != hashes[at]:
                self.wrong.append((number, "its leaf record does not have the hash of level 0"))
        return hashes
    def read_entries(self):
        """Reads all entries and compares them with their records. Those that were kept must be listed, and no others."""
        after, more = 0, self.size
        while more:
            text = self.get(f"?after_id={after}&limit=1000&as_of={self.size}").decode()
            page = {name: (value, at) for name, value, at, _ in members(text)}
            for _, entry, at, _ in members(text, page["data"][1]):
                number = int(entry["id"])
                if not after < number <= self.size:
                    raise Wrong(number, "the server lists it in the wrong place")
                after, self.listed[number] = number, entry
                wrong = difference(text, at, self.records.get(number), self.openings.get(number, bytes(20)))
                self.wrong += [(number, wrong)] * bool(wrong)
            more = page["page"][0].get("next_cursor")
        self.gone = [number for number in self.records if number not in self.listed]
        self.wrong += [(it, "it is missing, but its opening says that it was kept") for it in self.gone if self.openings[it][0]]
    def check_state(self, path):
        """The tree of an earlier checkpoint is the beginning of this one."""
        size, root = self.key.open(Path(path).read_text("utf-8"))
        if size > self.size:
            raise Wrong(self.size + 1, f"the log has {self.size} entries, but had {size}")
        full, width = divmod(size, 256)
        if width and full in self.collapsed:
            hashed, latest = Path(path + ".tile").read_text("utf-8").split()
            same = tree_hash(self.tops[:full]).hex() == hashed and integer(self.collapsed[full], 25) >= int(latest)
        else:
            last = [sha(b"\0", self.records[256 * full + at + 1]) for at in range(width)]
            same = tree_hash(self.tops[:full] + [tree_hash(last)] * bool(last)) == root
        if same:
            return f"; the first {size} are those of {path}"
        raise Wrong(0, f"the first {size} entries are not those of the checkpoint in {path}")
    def save_state(self, path):
        latest = integer(self.records.get(self.size, bytes(97)), 25)
        Path(path + ".tile").write_text(f"{tree_hash(self.tops).hex()} {latest}\n", "utf-8")
        Path(path).write_text(self.note, "utf-8")
    def check_erased(self, trail):
        """Each erased part was named by the trail before it was erased, and shows the label in place of the person (rule 10)."""
        name, parts, labels = self.key.name.rpartition("/")[2], {"actor": [], "content": []}, {}
        for entry in trail.listed.values():
            new = {change["field"]: change.get("new") for change in entry["changes"]}
            own = [new | {"label": entry["model_id"]}] if (entry["action"], entry["model_type"]) == ("erased", "user") else []
            earlier = new.get("earlier_erasures", []) if (entry["action"], entry["model_id"]) == ("pruned", "trail") else []
            for step in own + earlier:
                if step.get("log") == name:
                    labels.setdefault(step["label"], []).extend(step["actor"])
                    for part in parts:
                        parts[part] += step[part]
        for number, entry in self.listed.items():
            kind = self.openings.get(number, bytes(20))[0]
            for part in {2: ("actor",), 3: ("content",), 4: ("actor", "content")}.get(kind, ()):
                if not any(first <= number <= last for first, last in parts[part]):
                    self.wrong.append((number, f"its {part} was erased, and no erasure of the trail explains it"))
            users, context = [entry["user"], entry.get("on_behalf_of") or {}], entry.get("context") or {}
            shown = [user.get(it) or "" for user in users for it in ("id", "email", "name")]
            shown += [context.get(it) or "" for it in ("ip", "user_agent")]
            own = [label for label, ranges in labels.items() if any(first <= number <= last for first, last in ranges)]
            if kind in (2, 4) and not any(label in text for text in shown for label in own):
                self.wrong.append((number, "its actor was erased, and it shows no label of its erasure"))
    def check_missing(self, trail):
        """Each missing entry had expired when a prune of the trail ran. Records of version 0 are older than the tree."""
        log, unprotected, retention, found = self.key.name.rpartition("/")[2], 0, Retention(), []
        about = [("pruned", "audit_log"), ("migrated", "server"), ("created", "organization"), ("updated", "organization")]
        entries = [entry for entry in trail.listed.values() if (entry["action"], entry["model_type"]) in about]
        # A prune ran before the entries that follow it were recorded, and before now, whatever the server's clock said.
        latest = micros(datetime.datetime.now(datetime.timezone.utc).isoformat()) + 5 * MINUTE
        times = [latest := min(latest, micros(entry["recorded_at"]) + 5 * MINUTE) for entry in reversed(entries)][::-1]
        for entry, at in zip(entries, times):
            changes = {change["field"]: change for change in entry["changes"]}
            new = {name: change.get("new") for name, change in changes.items()}
            unprotected = max(unprotected, int(new.get("unprotected_through") or 0))
            if entry["action"] != "pruned":
                retention.add(entry, changes)
            elif "cutoff" in new and new["cutoff"] <= entry["recorded_at"]:
                cutoff = micros(new["cutoff"])
                if entry["model_id"] == "trail":
                    # It states again what the entries that it deletes said: these were recorded before its cutoff.
                    found += [(it["cutoff"], it["as_of"], cutoff, None) for it in new.get("earlier_prunes") or [] if it["log"] == log]
                    if new.get("earlier_plan"):
                        retention.initial = (new["earlier_plan"], new.get("earlier_floor") or "none")
                if entry["model_id"] == log:
                    own = (new.get("plan"), new.get("floor") or "none")
                    found.append((new["cutoff"], new["as_of"], at, (len(retention.changes), own)))
        prunes = []
        for cutoff, as_of, at, stated in found:
            allowed = retention.allowed(log, stated[0], at, stated[1]) if stated else at
            prunes.append((min(micros(cutoff), allowed), int(as_of)))
        missing = [(number, self.records[number], 9) for number in self.gone]
        missing += [(256 * number + 256, tile[:97], 25) for number, tile in self.collapsed.items()]
        for number, record, start in missing:
            if record[0] == 0 and (start == 9 or not integer(record, 25)):
                if number > max([unprotected] + [as_of for _, as_of in prunes]):
                    self.wrong.append((number, "its record has version 0, but the log had a tree by then"))
            elif not any(cutoff > integer(record, start) and as_of >= number for cutoff, as_of in prunes):
                self.wrong.append((number, "it is missing, and no prune of the trail explains it"))
    def summary(self, where=""):
        """What was verified, or the first thing that is wrong."""
        if self.wrong:
            number, text = min(self.wrong, key=lambda it: it[0] or self.size + 1)
            raise Wrong(number, where + text)
        return (f"{self.key.name}: {self.size} entries; verified the signature, the root, {len(self.records)} leaf records, "
                f"{len(self.collapsed)} collapsed tiles and the commitments of {len(self.listed)} entries")

def verify(with_trail, url, token, vkey, state=None):
    key = Key.parse(vkey)
    log = Log(url, token, key, "/api/v1/audit-logs")
    missing = len(log.gone) + 256 * len(log.collapsed)
    more = f"{missing} entries are missing" + ("; whether they may be was not checked (--trail)" if missing else "")
    if with_trail:
        trail = Log(url, token, Key(key.name.removesuffix("/audit") + "/trail", key.public), "/api/v1/trail")
        for one in (trail, log):
            one.check_missing(trail)
            one.check_erased(trail)
        more = f"{trail.summary('in the trail: ')}; it explains the {missing} missing entries"
    text = log.summary()
    if state:
        text += log.check_state(state) if Path(state).exists() else ""
        log.save_state(state)
    return f"{text}\n{more}"

def verify_proof(path, vkey):
    key, text = Key.parse(vkey), Path(path).read_bytes().decode()
    found = {name: (value, at) for name, value, at, _ in members(text)}
    opening, record = (base64.b64decode(found[name][0], validate=True) for name in ("opening", "record"))
    lines, _, note = found["proof"][0].partition("\n\n")
    lines, number = [line for line in lines.split("\n") if not line.startswith("extra ")], integer(record, 1) + 1
    if lines[:2] != ["c2sp.org/tlog-proof@v1", f"index {number - 1}"] or len(record) != 97 or len(opening) != 17:
        raise Wrong(number, "the proof, record or opening does not have the right form")
    size, root = key.open(note)
    if number > size or climb(number - 1, size, sha(b"\0", record), [base64.b64decode(line) for line in lines[2:]]) != root:
        raise Wrong(number, "the proof does not lead from its leaf record to the root")
    entry, at = found.get("entry", (None, 0))
    if entry is None and opening[0] or entry is not None and int(entry["id"]) != number:
        raise Wrong(number, "the entry is missing although it was kept, or has another id than its record")
    if entry and (wrong := difference(text, at, record, opening)):
        raise Wrong(number, wrong)
    what = "was deleted, but" if entry is None else "and"
    return f"{key.name}: entry {number} {what} its leaf record is in the tree of {size} entries"

def main(args):
    flag = args.pop(0) if args and args[0] in ("--proof", "--trail") else ""
    if len(args) not in ((2,) if flag == "--proof" else (3, 4)):
        return print(__doc__, file=sys.stderr) or 2
    for attempt in (1, 2):  # a prune that ran in between looks wrong, but what is really wrong stays wrong
        try:
            print(verify_proof(*args) if flag == "--proof" else verify(flag, *args))
            return 0
        except Wrong as error:
            text = f"wrong: {f'entry {error.args[0]}: ' if error.args[0] else ''}{error.args[1]}"
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            return print(f"error: {error if isinstance(error, OSError) else repr(error)}", file=sys.stderr) or 1
    return print(text, file=sys.stderr) or 7

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
