#!/bin/bash
# Where no builder runs: carries out the Containerfile's steps in a clean root, and then runs what they made.
# Needs root, unshare and overlay mounts, and room in FOLDER, which lies below none of /usr, /etc and /var. The base image is this machine's own system (/usr, /etc),
# below an overlay; every other folder of it is hidden, and nothing of the environment is seen but FLYWHEEL_* and
# TEMPORAL_* by the command.
# usage: steps.sh FOLDER [TRAINER=python] [-- ARGUMENTS of the image…]
set -euo pipefail
folder=$(mkdir -p "$1" && realpath "$1")
exec unshare --mount "$(command -v node)" "$(dirname "$(realpath "$0")")/steps.mjs" "$folder" "${@:2}"
