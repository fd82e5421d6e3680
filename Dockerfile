# NVIDIA's TensorFlow 2.17 for Python 3.12, with xraykit beside it.
#
#   docker build -t xraykit .
#   docker run --gpus all --rm -v "$PWD/data:/data" -v "$PWD/runs:/workspace/xraykit/runs" xraykit \
#       experiments/densenet.yaml data.root=/data/nih
FROM nvcr.io/nvidia/tensorflow:25.02-tf2-py3

WORKDIR /workspace/xraykit
COPY . .

# The image's own TensorFlow is built for its CUDA, and its numpy for its TensorFlow. Every package that the image
# brings is held at its version, so that pip takes what fits them or says that nothing does; then it is checked that
# nothing of NVIDIA's was replaced.
RUN docker/install.sh

ENTRYPOINT ["python", "-m", "xraykit.run"]
CMD ["--help"]
