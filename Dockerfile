# NVIDIA's TensorFlow 2.17 for Python 3.12, with xraykit beside it.
#
#   docker build -t xraykit .
#   docker run --gpus all --rm -v "$PWD/data:/data" -v "$PWD/runs:/workspace/xraykit/runs" xraykit \
#       experiments/densenet.yaml data.root=/data/nih
FROM nvcr.io/nvidia/tensorflow:25.02-tf2-py3

WORKDIR /workspace/xraykit

# A virtual environment over the image's packages: what xraykit needs is added and replaces nothing: neither
# NVIDIA's packages nor Ubuntu's, such as blinker (for MLflow), which pip cannot remove.
RUN python -m venv --system-site-packages --without-pip /opt/xraykit
ENV PATH=/opt/xraykit/bin:$PATH

# Pins NVIDIA's TensorFlow and its numpy to their versions, and checks afterwards that they are unchanged.
COPY . .
RUN docker/install.sh

ENTRYPOINT ["python", "-m", "xraykit.run"]
CMD ["--help"]
