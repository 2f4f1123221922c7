#!/bin/sh
# Makes the secrets of docker-compose.yaml in the folder secrets beside this file. What is there stays as it is.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
make() { # NAME COMMAND...: the file is there whole or not at all
	name=$1
	shift
	[ -e "secrets/$name" ] && return
	"$@" >"secrets/$name.new"
	# Users of containers read it; nobody else gets into the folder.
	chmod 644 "secrets/$name.new"
	mv "secrets/$name.new" "secrets/$name"
}
store() { printf 'mongodb://orgd:%s@mongo1,mongo2,mongo3/?replicaSet=rs0&authSource=admin\n' "$(cat secrets/mongo-orgd-password)"; }
make mongo-keyfile openssl rand -base64 756
make mongo-root-password openssl rand -hex 24
make mongo-orgd-password openssl rand -hex 24
make orgd-store store
make orgd-key openssl rand -base64 32
echo "The secrets are in deploy/secrets. Keep a copy of orgd-key apart from the backups."
