import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Source } from "../api/contract";
import { useStrings } from "../chat/context";
import { TextDocument } from "./TextDocument";

export interface PdfProps {
  source: Source;
  file: string;
  failed: () => void;
}

/** Loads the viewer when a PDF is opened for the first time; the document's text stands in where that fails. */
export function PdfSource({ source, file }: { source: Source; file: string }) {
  const strings = useStrings();
  const [viewer, setViewer] = useState<{ Pdf: FunctionComponent<PdfProps> } | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    import("./PdfDocument").then(
      (loaded) => setViewer({ Pdf: loaded.PdfDocument }),
      () => setFailed(true),
    );
  }, []);
  if (failed) {
    return (
      <div class="body" tabIndex={0} role="region" aria-label={source.title}>
        <p class="remark">{strings.fileGone}</p>
        <TextDocument source={source} />
      </div>
    );
  }
  if (!viewer) return <p class="waiting">{strings.loadingSource}</p>;
  return <viewer.Pdf source={source} file={file} failed={() => setFailed(true)} />;
}
