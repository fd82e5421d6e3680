#!/usr/bin/env bash
# Install xraykit from this checkout, editable, into a Python that has a TensorFlow of its own, such as NVIDIA's, and
# leave that TensorFlow and its numpy as they are.
#
#   docker/install.sh              with what xraykit needs
#   docker/install.sh test dev     and what these extras of setup.cfg need
#   PYTHON=/opt/venv/bin/python docker/install.sh
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# TensorFlow, and what its compiled parts are built for. Keras is pure Python and may be renewed.
versions() {
    "$python" -m pip list --format=freeze | grep -iE '^(tensorflow(-cpu)?|numpy|protobuf|h5py|ml[-_]dtypes)==' | sort
}

fail() {
    echo "docker/install.sh: $*" >&2
    exit 1
}

versions > "$folder/held" && grep -qi '^tensorflow' "$folder/held" ||
    fail "$python has no TensorFlow. Expected: NVIDIA's image, or another Python with tensorflow installed."
echo "Held: $(paste -sd ' ' "$folder/held")"

# TensorFlow is left out of what pip is asked for: it may be called tensorflow-cpu, which pip takes for another package.
"$python" - "$@" > "$folder/requirements" <<'PYTHON'
import configparser, sys

setup = configparser.ConfigParser()
setup.read("setup.cfg")
wanted = [setup["options"]["install_requires"], *(setup["options.extras_require"][extra] for extra in sys.argv[1:])]
print("\n".join(line for line in "\n".join(wanted).splitlines() if not line.startswith(("tensorflow>", "tensorflow["))))
PYTHON

"$python" -m pip install --no-cache-dir -c "$folder/held" -r "$folder/requirements" ||
    fail "pip could not install what setup.cfg asks for beside $(paste -sd ' ' "$folder/held")." \
        "See pip's message above: a package may need other versions of these than TensorFlow does."
"$python" -m pip install --no-cache-dir --no-deps -e .

versions > "$folder/after"
replaced=$(comm -23 "$folder/held" "$folder/after" | paste -sd ' ')
[ -z "$replaced" ] || fail "pip replaced $replaced, which TensorFlow needs. Now there: $(paste -sd ' ' "$folder/after")"
[ "$(grep -ci '^tensorflow' "$folder/after")" = "$(grep -ci '^tensorflow' "$folder/held")" ] ||
    fail "pip put a second TensorFlow beside the first: $(grep -i '^tensorflow' "$folder/after" | paste -sd ' ')"
"$python" -c "import keras, numpy, tensorflow, xraykit
print(f'TensorFlow {tensorflow.__version__}, numpy {numpy.__version__}, Keras {keras.__version__}, xraykit {xraykit.__version__}')"
