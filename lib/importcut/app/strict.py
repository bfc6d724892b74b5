"""The engine behind `papermill --engine importcut …`; papermill loads it while it is imported, so it imports little."""

from pathlib import Path

from papermill.engines import NBClientEngine

from importcut.app.parameters import check_injected


class Strict(NBClientEngine):
    """Papermill's own engine, which starts no kernel for a parameter that the notebook does not know."""

    @classmethod
    def execute_notebook(cls, nb, kernel_name: str, **options):
        """The executed notebook; RunError if a parameter is not known or of another type."""
        code = [cell.source for cell in nb.cells if cell.cell_type == "code"]
        check_injected(code, Path(nb.metadata.papermill.input_path).name)
        return super().execute_notebook(nb, kernel_name, **options)
