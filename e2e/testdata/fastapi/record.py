"""Makes dump.json and session.json with a running app.py, or serves app.py on dump.json. See README.md.

MONGO_URI and DATABASE say where; the database is dropped before and after.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import bson
from bson import json_util
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from pymongo import MongoClient

HERE = Path(__file__).resolve().parent
MONGO_URI = os.environ.get("MONGO_URI", "mongodb://localhost:27017")
DATABASE = os.environ.get("DATABASE", "orgd_recording")

# Documents as they are: fields keep their order, and a UUID its subtype.
AS_THEY_ARE = CodecOptions(document_class=SON, uuid_representation=UuidRepresentation.STANDARD)
CANONICAL = json_util.JSONOptions(
    json_mode=json_util.JSONMode.CANONICAL, document_class=SON, uuid_representation=UuidRepresentation.STANDARD
)

ORGANIZATIONS = [
    {"organization_name": "Acme Corp", "email": "ada@acme.example", "password": "difference engine no 1"},
    {"organization_name": "Globex & Söhne 2000", "email": "Grace.Hopper@globex.example", "password": "a moth in relay 70"},
    {"organization_name": "initech", "email": "alan@initech.example", "password": "halting problem 1936"},
]


def documents(name):
    """What an application has written into an organization's collection."""
    customer, order = bson.ObjectId(), bson.ObjectId()
    return [
        {
            "_id": customer,
            "kind": "customer",
            "name": "Zoë Ångström",
            "of": name,
            "vip": True,
            "left": None,
            "since": datetime(2019, 2, 28, 23, 59, 59, 999000),
        },
        {
            "_id": order,
            "kind": "order",
            "customer_id": customer,
            "lines": [
                {"sku": "A-1", "qty": 3, "price": Decimal128("19.90")},
                {"sku": "B-2", "qty": 1, "price": Decimal128("0.10")},
            ],
            "total": Decimal128("59.80"),
            "shipping": {"address": {"street": "1 Analytical Way", "zip": "00123"}, "tracking": []},
        },
        {
            "kind": "measurement",
            "order_id": order,
            "small": 7,
            "large": Int64(9007199254740993),
            "ratio": 0.1,
            "whole": 2.0,
            "tiny": 5e-324,
            "matrix": [[1, 2], [3, 4.5]],
        },
        {
            "kind": "file",
            "name": "logo.png",
            "content": Binary(b"\x89PNG\r\n\x1a\n\x00\xff"),
            "key": Binary(uuid.uuid4().bytes, 4),
            "empty": {},
        },
        {"_id": "settings", "theme": "dark", "limits": {"users": 25, "ratio": 1.5}, "tags": ["a", "", "日本"]},
        {"_id": 42, "kind": "counter", "seq": Int64(1), "before_1970": datetime(1815, 12, 10)},
    ]


def expect(status, texts=(), fields=None, claims=None):
    """What a client uses of an answer: its status, members that are texts of any content, members of one value, and members of
    the token's payload."""
    want = {"status": status}
    if texts:
        want["texts"] = list(texts)
    if fields:
        want["fields"] = fields
    if claims:
        want["claims"] = claims
    return want


def request(name, method, path, want, token=None, query=None, body=None, save=None):
    step = {"name": name, "method": method, "path": path}
    headers = {"Accept": "application/json", "User-Agent": "python-requests/2.28.1"}
    if token:
        headers["Authorization"] = "Bearer {{%s}}" % token
    if body is not None:
        headers["Content-Type"] = "application/json"
    if query:
        step["query"] = query
    step["headers"] = headers
    if body is not None:
        step["body"] = body
    step["expect"] = want
    if save:
        step["save"] = save
    return step


def login(name, org, want=None, email=None, password=None, save=None):
    body = {"email": email or org["email"], "password": password or org["password"]}
    return request(name, "POST", "/admin/login", want, body=body, save=save)


def signed_in(org_name, admin=None):
    if not admin:
        known = {"org_name": org_name}
        return expect(200, ["access_token", "admin_id"], dict(known, token_type="bearer"), known)
    known = {"admin_id": "{{%s}}" % admin, "org_name": org_name}
    return expect(200, ["access_token"], dict(known, token_type="bearer"), known)


def get(name, org_name, want, save=None):
    return request(name, "GET", "/org/get", want, query={"organization_name": org_name}, save=save)


def update(name, token, want, organization_name, new=None, email=None, password=None):
    body = {"organization_name": organization_name, "new_organization_name": new, "email": email, "password": password}
    return request(name, "PUT", "/org/update", want, token=token, body=body)


def delete(name, token, want, org_name):
    return request(name, "DELETE", "/org/delete", want, token=token, query={"organization_name": org_name})


def story():
    """The client's session."""
    acme, globex, initech = ORGANIZATIONS
    new_email, new_password, new_name = "countess@acme.example", "analytical engine no 2", "Acme International"
    refused = ["detail"]
    described = expect(200, ["id", "created_at"], {"organization_name": "Acme Corp", "collection_name": "org_acme_corp"})
    same = {"id": "{{org_id}}", "organization_name": "Acme Corp", "collection_name": "org_acme_corp"}
    untouched = {"organization_name": globex["organization_name"], "collection_name": "org_globex_s_hne_2000"}
    moved = {"id": "{{org_id}}", "organization_name": new_name, "collection_name": "org_acme_international"}
    return [
        login("wrong password", acme, expect(401, refused), password="difference engine no 9"),
        login("unknown e-mail", acme, expect(401, refused), email="nobody@acme.example"),
        login("login", acme, signed_in("Acme Corp"), save={"token": "access_token", "admin_id": "admin_id"}),
        get("get", "Acme Corp", described, save={"org_id": "id"}),
        get("get an unknown organization", "Umbrella", expect(404, refused)),
        update("update without a token", None, expect(401, refused), "Acme Corp", new="Mine"),
        update("update e-mail and password", "token", expect(200, fields=same), "Acme Corp", email=new_email, password=new_password),
        login("login with the old password", acme, expect(401, refused), email=new_email),
        login("login with the old e-mail", acme, expect(401, refused), password=new_password),
        login("login with the new password", acme, signed_in("Acme Corp", "admin_id"), new_email, new_password, {"token": "access_token"}),
        update("rename", "token", expect(200, fields=moved), "Acme Corp", new=new_name),
        get("get by the new name", new_name, expect(200, fields=moved)),
        get("get by the old name", "Acme Corp", expect(404, refused)),
        login("login after the rename", acme, signed_in(new_name, "admin_id"), new_email, new_password),
        login("login of another admin", globex, signed_in(globex["organization_name"]), save={"other": "access_token"}),
        delete("delete by another admin", "other", expect(403, refused), new_name),
        delete("delete without a token", None, expect(401, refused), new_name),
        delete("delete", "token", expect(200, ["message"]), new_name),
        get("get after the deletion", new_name, expect(404, refused)),
        login("login after the deletion", acme, expect(401, refused), new_email, new_password),
        login("login of a third admin", initech, signed_in("initech")),
        get("get another organization", globex["organization_name"], expect(200, ["id"], untouched)),
    ]


def fill(value, known):
    """Puts what earlier steps have saved in the place of {{name}}."""
    if isinstance(value, dict):
        return {k: fill(v, known) for k, v in value.items()}
    if isinstance(value, str):
        for name, text in known.items():
            value = value.replace("{{%s}}" % name, text)
    return value


def send(base, step):
    url = base + quote(step["path"]) + ("?" + urlencode(step["query"]) if "query" in step else "")
    body = json.dumps(step["body"]).encode() if "body" in step else None
    try:
        answer = urlopen(Request(url, data=body, headers=step["headers"], method=step["method"]))
    except HTTPError as refusal:
        answer = refusal
    with answer:
        raw = json.load(answer)
        return {"status": answer.getcode(), "content_type": answer.headers["Content-Type"], "body": raw}


def play(base):
    """Plays the story, adds each answer to its step, and checks that it is what the step expects."""
    known, steps = {}, story()
    for step in steps:
        answer = step["answer"] = send(base, fill(step, known))
        body, want = answer["body"], fill(step["expect"], known)
        assert answer["status"] == want["status"], step
        assert all(isinstance(body[name], str) and body[name] for name in want.get("texts", [])), step
        assert all(body[name] == value for name, value in want.get("fields", {}).items()), step
        assert all(payload(body)[name] == value for name, value in want.get("claims", {}).items()), step
        known.update({name: body[member] for name, member in step.get("save", {}).items()})
    return steps


def payload(body):
    middle = body["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def dump(db):
    """Everything that is in the database: of each collection its documents and its indexes."""
    return {
        name: {
            "indexes": [
                {"keys": list(index["key"]), "unique": index.get("unique", False)}
                for index in db[name].list_indexes()
                if index["name"] != "_id_"
            ],
            "documents": [
                faithful(raw) for raw in db.get_collection(name, CodecOptions(RawBSONDocument)).find().sort("_id", 1)
            ],
        }
        for name in sorted(db.list_collection_names())
    }


def faithful(raw):
    """A document that comes out of its Extended JSON byte for byte."""
    document = bson.decode(raw.raw, AS_THEY_ARE)
    again = json_util.loads(json_util.dumps(document, json_options=CANONICAL), json_options=CANONICAL)
    assert bson.encode(again, codec_options=AS_THEY_ARE) == raw.raw, document
    return document


def restore(db):
    for name, collection in json_util.loads((HERE / "dump.json").read_text(), json_options=CANONICAL).items():
        db.create_collection(name)
        for index in collection["indexes"]:
            db[name].create_index([(field, 1) for field in index["keys"]], unique=index["unique"])
        db.get_collection(name, AS_THEY_ARE).insert_many(collection["documents"])


class Service:
    """app.py in a process of its own."""

    def __init__(self, port):
        self.base = "http://127.0.0.1:%d" % port
        env = dict(os.environ, MONGO_URI=MONGO_URI, DATABASE=DATABASE, JWT_SECRET="the secret of a recording")
        self.process = subprocess.Popen([sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)], cwd=HERE, env=env)

    def __enter__(self):
        for _ in range(100):
            try:
                urlopen(self.base + "/openapi.json").close()
                return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit("app.py does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def record(db):
    with Service(free_port()) as service:
        for org in ORGANIZATIONS:
            step = request("create", "POST", "/org/create", None, body=org)
            answer = send(service.base, step)
            assert answer["status"] == 201, answer
            db[answer["body"]["collection_name"]].insert_many(documents(org["organization_name"]))
        before = dump(db)
        steps = play(service.base)
    write("dump.json", json_util.dumps(before, json_options=CANONICAL, indent=1, ensure_ascii=False))
    write("session.json", json.dumps({"steps": steps}, indent=1, ensure_ascii=False))


def write(name, text):
    (HERE / name).write_text(text + "\n")


def serve(db, port):
    restore(db)
    with Service(port) as service:
        print("app.py serves dump.json at", service.base, flush=True)
        try:
            service.process.wait()
        except KeyboardInterrupt:
            pass


def main():
    client = MongoClient(MONGO_URI)
    client.drop_database(DATABASE)
    try:
        if sys.argv[1:] == ["record"]:
            record(client[DATABASE])
        elif len(sys.argv) == 3 and sys.argv[1] == "serve":
            serve(client[DATABASE], int(sys.argv[2]))
        else:
            raise SystemExit("record.py record, or record.py serve PORT")
    finally:
        client.drop_database(DATABASE)


main()
