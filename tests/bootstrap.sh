#!/usr/bin/env bash
# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Sourced by tests/run and by the demo: finds a Python that really starts and makes pinned virtual environments
# below .cache. Needs nothing but that Python.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache
uv_version=0.13.9

# Ansible refuses to start in a locale that is not UTF-8, and C.UTF-8 is the only one that is always there.
export LC_ALL=C.UTF-8
# Certificates of the site, which pip and git would use too.
export UV_SYSTEM_CERTS=1

die() {
  echo "error: $*" >&2
  exit 2
}

# Prints the first of the named versions that starts and can make environments. Being on PATH is no proof: the shims
# of version managers are there for versions that are not activated too.
find_python() {
  local version candidate real
  for version in "$@"; do
    while read -r candidate; do
      real=$("$candidate" -I -c '
import ensurepip, os, sys, venv
assert "%d.%d" % sys.version_info[:2] == sys.argv[1]
print(os.path.realpath(sys.executable))' "$version" 2>/dev/null) && echo "$real" && return
    done < <(
      type -ap "python$version" python3
      compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version.*/bin/python$version"
    )
  done
  return 1
}

install_uv() {
  "$cache/uv/bin/uv" --version >/dev/null 2>&1 && return
  "$1" -m venv --clear "$cache/uv" &&
    "$cache/uv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
}

# make_venv NAME REQUIREMENTS PYTHON-VERSION...: prints the environment's folder. A finished one is reused as long as
# its requirements stay the same.
make_venv() {
  local venv=$cache/$1 requirements=$2 python
  shift 2
  python=$(find_python "$@") || die "no working Python among $* (with its venv and ensurepip modules)"
  mkdir -p "$cache"
  (
    # Two runs may start at once; macOS has no flock.
    if type flock >/dev/null 2>&1; then flock 9; fi
    cmp -s "$requirements" "$venv/installed.txt" && "$venv/bin/python" -c pass && exit
    # uv is quick. Where it does not work, for example because only pip is set up to reach an index, pip does it all.
    # --compile-bytecode: where PYTHONDONTWRITEBYTECODE is set, every start of Ansible would compile everything again.
    # --no-deps: the requirements are complete.
    { install_uv "$python" && "$cache/uv/bin/uv" venv --quiet --clear --python "$python" "$venv" &&
      "$cache/uv/bin/uv" pip install --quiet --no-deps --compile-bytecode --python "$venv/bin/python" \
        -r "$requirements"; } 2>/dev/null ||
      { "$python" -m venv --clear "$venv" &&
        "$venv/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check -r "$requirements"; } || exit
    cp "$requirements" "$venv/installed.txt"
  ) 9>"$cache/lock" >&2 || die "could not make $venv"
  echo "$venv"
}

# Ansible finds a collection only below ansible_collections/<namespace>/<name>: a link makes any checkout such a place.
link_collection() {
  local link=$cache/collections/ansible_collections/edgeops/jfrog_connect
  mkdir -p "$(dirname "$link")"
  [[ $link -ef $root ]] || ln -sfn "$root" "$link"
  export ANSIBLE_COLLECTIONS_PATH=$cache/collections
}
