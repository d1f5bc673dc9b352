# emotiw on a CPU. Clips and results are mounted, and nothing else is needed at run time:
#   docker build --build-arg CPU_WHEELS=ADDRESS -t emotiw .
#   docker run --rm --network none -v "$PWD:/work" emotiw start clips --yes
# ADDRESS is the index of CPU wheels that PyTorch's own page for installation names; without it
# the CUDA wheels come along, 7 GB of them. EXTRAS are those of docs/install.md: dask,excel.
FROM python:3.11-slim
ARG CPU_WHEELS=""
ARG EXTRAS=""
COPY . /src
RUN pip install --no-cache-dir ${CPU_WHEELS:+--extra-index-url "$CPU_WHEELS"} \
      -c /src/constraints.txt "/src${EXTRAS:+[$EXTRAS]}" && rm -rf /src
WORKDIR /work
ENTRYPOINT ["emotiw"]
CMD ["--help"]
