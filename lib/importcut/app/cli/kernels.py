"""The kernels behind JupyterLab and the page of the desk: no more at a time than were allowed."""

import asyncio
import os

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Integer


class FewKernels(AsyncMappingKernelManager):
    """Kernels up to a number; each takes some 400 MB of memory."""

    most = Integer(6, config=True)
    _turn = asyncio.Lock()  # two pages that are opened at once are counted one after the other

    async def start_kernel(self, **options) -> str:
        """Start a kernel; one too many is answered 503 with a sentence in the reader's language."""
        from importcut.language import Voice

        async with self._turn:
            if len(self) >= self.most:
                say = Voice(os.environ["IMPORTCUT_LANGUAGE"], None)
                raise HTTPError(503, say("{n} pages or notebooks are open; no more may be: close one.", n=self.most))
            return await super().start_kernel(**options)
