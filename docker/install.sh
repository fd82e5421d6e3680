#!/usr/bin/env bash
# Install xraykit into a Python that already has a TensorFlow of its own, such as NVIDIA's image, without touching it.
#
#   docker/install.sh               as the Dockerfile does
#   docker/install.sh --editable    from the checkout, with the tests' and linters' packages, as the dev container does
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
held=$(mktemp)
trap 'rm -f "$held"' EXIT

# Packages whose versions belong together with the TensorFlow that is there. Keras is pure Python and may be renewed.
pattern="^(tensorflow|tensorflow-cpu|tensorboard|numpy|scipy|protobuf|h5py|ml-dtypes|nvidia-.*)=="
$python -m pip list --format=freeze | grep -iE "$pattern" > "$held" || true
if ! grep -qiE '^tensorflow(-cpu)?==' "$held"; then
    echo "No TensorFlow is installed in $($python --version). Expected: NVIDIA's image, or pip install it first." >&2
    exit 1
fi
echo "Held at their versions:"; cat "$held"

# tensorflow-cpu is TensorFlow under another name; pip does not know that, so it is told to leave it alone.
requirements=$($python - "$held" <<'PYTHON'
import configparser, re, sys
held = {line.split("==")[0].lower() for line in open(sys.argv[1])}
config = configparser.ConfigParser()
config.read("setup.cfg")
wanted = config["options"]["install_requires"].split()
print("\n".join(word for word in wanted if re.split("[<>=]", word)[0] != "tensorflow"))
PYTHON
)
extras=""
if [ "${1:-}" = --editable ]; then extras="[dev]"; fi
$python -m pip install --no-cache-dir -c "$held" $requirements
$python -m pip install --no-cache-dir --no-deps ${extras:+-e} ".${extras}"
if [ -n "$extras" ]; then $python -m pip install --no-cache-dir -c "$held" pytest pytest-timeout hypothesis ruff mypy; fi

after=$($python -m pip list --format=freeze | grep -iE "$pattern" || true)
if ! diff <(sort "$held") <(echo "$after" | sort) > /dev/null; then
    missing=$(comm -23 <(sort "$held") <(echo "$after" | sort))
    if [ -n "$missing" ]; then echo "These were replaced, which must not happen:" >&2; echo "$missing" >&2; exit 1; fi
fi
$python -c "import tensorflow, keras, numpy, xraykit; print('TensorFlow', tensorflow.__version__, 'Keras', keras.__version__, 'numpy', numpy.__version__, 'xraykit', xraykit.__version__)"
