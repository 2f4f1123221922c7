"""A multi-tenant organization service as they are commonly written: FastAPI, Motor, PyJWT and passlib, one collection for each
organization in one database. e2e/testdata/fastapi/README.md says what it is here for.
"""

import os
import re
from datetime import datetime, timedelta

import jwt
from bson import ObjectId
from fastapi import Depends, FastAPI, HTTPException, Query, status
from fastapi.security import OAuth2PasswordBearer
from motor.motor_asyncio import AsyncIOMotorClient
from passlib.context import CryptContext
from pydantic import BaseModel, EmailStr, Field
from typing import Optional

MONGO_URI = os.environ.get("MONGO_URI", "mongodb://localhost:27017")
DATABASE = os.environ.get("DATABASE", "organizations_master")
JWT_SECRET = os.environ["JWT_SECRET"]
JWT_MINUTES = int(os.environ.get("JWT_EXPIRE_MINUTES", "60"))

app = FastAPI(title="Organization Service")
pwd_context = CryptContext(schemes=["bcrypt"], deprecated="auto")
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="/admin/login")


class OrganizationCreate(BaseModel):
    organization_name: str = Field(..., min_length=2, max_length=100)
    email: EmailStr
    password: str = Field(..., min_length=6)


class OrganizationUpdate(BaseModel):
    organization_name: str
    new_organization_name: Optional[str] = None
    email: Optional[EmailStr] = None
    password: Optional[str] = Field(None, min_length=6)


class AdminLogin(BaseModel):
    email: EmailStr
    password: str


@app.on_event("startup")
async def connect():
    app.db = AsyncIOMotorClient(MONGO_URI)[DATABASE]
    await app.db.organizations.create_index("organization_name", unique=True)
    await app.db.users.create_index("email", unique=True)


def slugify(name):
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def organization_out(org):
    return {
        "id": str(org["_id"]),
        "organization_name": org["organization_name"],
        "slug": org["slug"],
        "collection_name": org["collection_name"],
        "admin_id": str(org["admin_id"]),
        "created_at": org["created_at"],
        "updated_at": org["updated_at"],
    }


async def find_organization(name):
    org = await app.db.organizations.find_one({"organization_name": name})
    if not org:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Organization not found")
    return org


async def name_is_free(name):
    if not slugify(name):
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_ENTITY, "Invalid organization name")
    taken = {"$or": [{"organization_name": name}, {"slug": slugify(name)}]}
    if await app.db.organizations.find_one(taken):
        raise HTTPException(status.HTTP_409_CONFLICT, "Organization already exists")


async def email_is_free(email):
    if await app.db.users.find_one({"email": email}):
        raise HTTPException(status.HTTP_409_CONFLICT, "Email already registered")


async def current_admin(token: str = Depends(oauth2_scheme)):
    unauthorized = HTTPException(
        status.HTTP_401_UNAUTHORIZED, "Could not validate credentials", headers={"WWW-Authenticate": "Bearer"}
    )
    try:
        payload = jwt.decode(token, JWT_SECRET, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise unauthorized
    admin = await app.db.users.find_one({"_id": ObjectId(payload["admin_id"])})
    if not admin:
        raise unauthorized
    return admin


async def own_organization(name, admin):
    org = await find_organization(name)
    if org["admin_id"] != admin["_id"]:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Not authorized for this organization")
    return org


@app.post("/org/create", status_code=status.HTTP_201_CREATED)
async def create_organization(body: OrganizationCreate):
    await name_is_free(body.organization_name)
    await email_is_free(body.email)
    now = datetime.utcnow()
    slug = slugify(body.organization_name)
    org = {
        "organization_name": body.organization_name,
        "slug": slug,
        "collection_name": f"org_{slug}",
        "connection": {"database": DATABASE, "collection": f"org_{slug}"},
        "admin_id": ObjectId(),
        "created_at": now,
        "updated_at": now,
    }
    org["_id"] = (await app.db.organizations.insert_one(org)).inserted_id
    await app.db.users.insert_one(
        {
            "_id": org["admin_id"],
            "email": body.email,
            "password_hash": pwd_context.hash(body.password),
            "role": "admin",
            "organization_id": org["_id"],
            "created_at": now,
        }
    )
    await app.db.create_collection(org["collection_name"])
    return organization_out(org)


@app.get("/org/get")
async def get_organization(organization_name: str = Query(...)):
    return organization_out(await find_organization(organization_name))


@app.put("/org/update")
async def update_organization(body: OrganizationUpdate, admin=Depends(current_admin)):
    org = await own_organization(body.organization_name, admin)
    user = {}
    if body.email and body.email != admin["email"]:
        await email_is_free(body.email)
        user["email"] = body.email
    if body.password:
        user["password_hash"] = pwd_context.hash(body.password)
    if user:
        await app.db.users.update_one({"_id": admin["_id"]}, {"$set": user})
    change = {"updated_at": datetime.utcnow()}
    new_name = body.new_organization_name
    if new_name and new_name != org["organization_name"]:
        await name_is_free(new_name)
        collection = f"org_{slugify(new_name)}"
        await copy_collection(org["collection_name"], collection)
        change.update(
            {
                "organization_name": new_name,
                "slug": slugify(new_name),
                "collection_name": collection,
                "connection.collection": collection,
            }
        )
    await app.db.organizations.update_one({"_id": org["_id"]}, {"$set": change})
    return organization_out(await app.db.organizations.find_one({"_id": org["_id"]}))


async def copy_collection(old, new):
    await app.db.create_collection(new)
    async for document in app.db[old].find():
        await app.db[new].insert_one(document)
    await app.db[old].drop()


@app.delete("/org/delete")
async def delete_organization(organization_name: str = Query(...), admin=Depends(current_admin)):
    org = await own_organization(organization_name, admin)
    await app.db[org["collection_name"]].drop()
    await app.db.users.delete_many({"organization_id": org["_id"]})
    await app.db.organizations.delete_one({"_id": org["_id"]})
    return {"message": f"Organization '{organization_name}' deleted successfully"}


@app.post("/admin/login")
async def login(body: AdminLogin):
    admin = await app.db.users.find_one({"email": body.email})
    if not admin or not pwd_context.verify(body.password, admin["password_hash"]):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Invalid email or password")
    org = await app.db.organizations.find_one({"_id": admin["organization_id"]})
    claims = {
        "admin_id": str(admin["_id"]),
        "org_name": org["organization_name"],
        "exp": datetime.utcnow() + timedelta(minutes=JWT_MINUTES),
    }
    return {
        "access_token": jwt.encode(claims, JWT_SECRET, algorithm="HS256"),
        "token_type": "bearer",
        "admin_id": claims["admin_id"],
        "org_name": claims["org_name"],
    }
