"""Receivers for `forward`: they note each entry in a file before they accept it.

    receiver.py webhook PORT FILE SECRET     Standard Webhooks, verified with the reference library
    receiver.py otlp PORT FILE               OpenTelemetry logs over HTTP, parsed with the published protobuf types
    receiver.py chat PORT FILE               JSON bodies of chats: {"text": …}, one line each
    receiver.py program FILE                 lines on standard input

Each line of FILE is the JSON of an entry. PORT may be 0; the port is printed.
"""

import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def noted(path, lines):
    """Appends lines at once. A write to a file survives the death of this process."""
    with open(path, "ab", buffering=0) as file:
        file.write("".join(line + "\n" for line in lines).encode())


def entries(body):
    parsed = json.loads(body)
    return [json.dumps(entry) for entry in (parsed if isinstance(parsed, list) else [parsed])]


def webhook(body, headers, path, secret):
    from standardwebhooks import Webhook, WebhookVerificationError

    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return 401, b""
    lines = entries(body)
    ids = [json.loads(line).get("uuid", "") for line in lines]
    expected = ids[0] if len(ids) == 1 else f"{ids[0]}_{ids[-1]}"
    if "" not in ids and headers["webhook-id"] != expected:
        return 422, b""
    noted(path, lines)
    return 204, b""


def otlp(body, headers, path):
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as service

    request = json_format.Parse(body, service.ExportLogsServiceRequest())
    lines = []
    for resource in request.resource_logs:
        names = {it.key: it.value.string_value for it in resource.resource.attributes}
        assert names["service.name"] == "krosyn-audit", names
        for record in (record for scope in resource.scope_logs for record in scope.log_records):
            entry = json.loads(record.body.string_value)
            attributes = {it.key: it.value for it in record.attributes}
            assert record.time_unix_nano > 0 and record.event_name.startswith("krosyn."), record
            if "uuid" in entry:
                assert attributes["log.record.uid"].string_value == entry["uuid"], record
                assert attributes["krosyn.entry.id"].int_value == entry["id"], record
            lines.append(record.body.string_value)
    noted(path, lines)
    return 200, json_format.MessageToJson(service.ExportLogsServiceResponse()).encode()


def chat(body, headers, path):
    noted(path, json.loads(body)["text"].splitlines())
    return 200, b"ok"


def serve(receive, port, *args):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = receive(body, headers, *args)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def program(path):
    while chunk := sys.stdin.readline():
        noted(path, [chunk.rstrip("\n")])


if __name__ == "__main__":
    kind, *args = sys.argv[1:]
    if kind == "program":
        program(*args)
    else:
        serve({"webhook": webhook, "otlp": otlp, "chat": chat}[kind], *args)
