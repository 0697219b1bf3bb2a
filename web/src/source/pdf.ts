/** pdf.js, in the one file that knows it. Loaded with the first PDF that is opened. */
import { getDocument, GlobalWorkerOptions, TextLayer } from "pdfjs-dist/legacy/build/pdf.min.mjs";
import workerUrl from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";

import { address } from "../api/site";

const LARGEST_CANVAS = 16_000_000;

export interface Size {
  width: number;
  height: number;
}

export interface Pdf {
  pages: number;
  size: (page: number) => Promise<Size>;
  /** Draws a page and lays its words over it. */
  draw: (page: number, scale: number, canvas: HTMLCanvasElement, words: HTMLElement) => Promise<void>;
  close: () => void;
}

export async function openPdf(file: string, headers: Record<string, string>): Promise<Pdf> {
  GlobalWorkerOptions.workerSrc = new URL(workerUrl, import.meta.url).href;
  const folder = address("assets/pdf/");
  const loading = getDocument({
    url: address(file),
    httpHeaders: headers,
    cMapUrl: `${folder}cmaps/`,
    standardFontDataUrl: `${folder}fonts/`,
    wasmUrl: `${folder}decoders/`,
    // The page's security policy allows neither WebAssembly nor code made from text; pdf.js does without.
    useWasm: false,
    isEvalSupported: false,
    disableAutoFetch: true,
  });
  const opened = await loading.promise;
  return {
    pages: opened.numPages,
    size: async (number) => {
      const { width, height } = (await opened.getPage(number)).getViewport({ scale: 1 });
      return { width, height };
    },
    draw: async (number, scale, canvas, words) => {
      const page = await opened.getPage(number);
      const viewport = page.getViewport({ scale });
      const sharp = Math.min(devicePixelRatio || 1, Math.sqrt(LARGEST_CANVAS / (viewport.width * viewport.height)));
      canvas.width = Math.round(viewport.width * sharp);
      canvas.height = Math.round(viewport.height * sharp);
      await page.render({ canvas, viewport, transform: [sharp, 0, 0, sharp, 0, 0] }).promise;
      words.replaceChildren();
      words.style.setProperty("--total-scale-factor", String(scale));
      await new TextLayer({ textContentSource: page.streamTextContent(), container: words, viewport }).render();
    },
    close: () => void loading.destroy(),
  };
}
