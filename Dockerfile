# convscope as one container: docs/docker.md says how to run it.
#
# PyTorch's CPU build by default. TORCH_INDEX is a package index searched beside PyPI; empty means PyPI alone,
# whose Linux build brings CUDA:  docker build --build-arg TORCH_INDEX= -t convscope:cuda .

FROM python:3.11-slim-bookworm AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/convscope
COPY requirements.lock .
RUN python -m pip --python /opt/convscope/bin/python install ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.lock \
    # What only compiling against PyTorch needs.
    && rm -rf /opt/convscope/lib/python3.11/site-packages/torch/include /opt/convscope/lib/python3.11/site-packages/torch/lib/*.a
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY app app
COPY static static
COPY templates templates
RUN python -m pip wheel --no-deps --wheel-dir /wheels . \
    && python -m pip --python /opt/convscope/bin/python install --no-deps /wheels/convscope-*.whl

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="convscope" \
      org.opencontainers.image.description="See what a convolutional network does to your own image, layer by layer" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/convscope /opt/convscope
RUN install -d -o 10001 -g 10001 /data
ENV PATH=/opt/convscope/bin:$PATH \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    CONVSCOPE_HOST=0.0.0.0 \
    CONVSCOPE_DATA_DIR=/data
USER 10001:10001
# Python spools large uploads into /tmp, or into the working folder where the root is read-only.
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["convscope", "healthcheck"]
ENTRYPOINT ["convscope"]
CMD ["serve"]
