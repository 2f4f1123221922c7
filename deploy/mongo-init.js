// Makes the replica set and orgd's user, and changes nothing where they exist. mongosh runs it: see docker-compose.yaml.
const fs = require("fs");
const secret = (name) => fs.readFileSync("/run/secrets/" + name, "utf8").trim();
const root = "root:" + encodeURIComponent(secret("mongo-root-password"));
const patience = "&serverSelectionTimeoutMS=120000"; // the first start makes the users before it listens
const members = ["mongo1:27017", "mongo2:27017", "mongo3:27017"];

const first = new Mongo("mongodb://" + root + "@" + members[0] + "/admin?directConnection=true" + patience).getDB("admin");
try {
  first.adminCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  first.adminCommand({
    replSetInitiate: { _id: "rs0", members: members.map((host, id) => ({ _id: id, host: host })) },
  });
}

// This connection waits for a primary by itself.
const set = new Mongo("mongodb://" + root + "@" + members.join(",") + "/admin?replicaSet=rs0" + patience).getDB("admin");
const user = {
  pwd: secret("mongo-orgd-password"),
  roles: [{ role: "readWrite", db: "orgd" }, { role: "readWrite", db: "orgd_private" }],
};
if (set.getUser("orgd")) {
  set.updateUser("orgd", user);
} else {
  set.createUser({ user: "orgd", ...user });
}
print("The replica set is there, and orgd's user.");
