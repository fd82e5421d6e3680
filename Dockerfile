# NVIDIA's TensorFlow 2.17 for Python 3.12, with xraykit beside it.
#
#   docker build -t xraykit .
#   docker run --gpus all --rm -v "$PWD/data:/data" -v "$PWD/runs:/workspace/xraykit/runs" xraykit \
#       experiments/densenet.yaml data.root=/data/nih
FROM nvcr.io/nvidia/tensorflow:25.02-tf2-py3

WORKDIR /workspace/xraykit

# A virtual environment over the image's packages: what xraykit needs is put beside them and replaces nothing, be it
# NVIDIA's or, as MLflow's blinker, a package of Ubuntu's that pip could not remove.
RUN python -m venv --system-site-packages --without-pip /opt/xraykit
ENV PATH=/opt/xraykit/bin:$PATH

# Holds NVIDIA's TensorFlow and its numpy at their versions, and checks afterwards that they still are.
COPY . .
RUN docker/install.sh

ENTRYPOINT ["python", "-m", "xraykit.run"]
CMD ["--help"]
