import { useState } from "preact/hooks";

import { Refused } from "../api/requests";
import { Icon } from "../look/Icon";
import { useDesk, useStrings } from "./context";
import { Modal } from "./Dialogs";

interface Upload {
  name: string;
  words: string;
  state: "working" | "done" | "failed";
}

const ASK_AGAIN_MS = 700;

/** Put documents into a bank, and see when they can be asked about. */
export function UploadDialog() {
  const desk = useDesk();
  const strings = useStrings();
  const banks = desk.session.value?.banks ?? [];
  const [bank, setBank] = useState(banks[0]?.name ?? "");
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const [over, setOver] = useState(false);

  const add = (files: readonly File[]) => {
    for (const file of files) {
      const tell = (words: string, state: Upload["state"]) =>
        setUploads((known) => [...known.filter((one) => one.name !== file.name), { name: file.name, words, state }]);
      void upload(file, tell);
    }
  };
  const upload = async (file: File, tell: (words: string, state: Upload["state"]) => void) => {
    tell(strings.uploading, "working");
    try {
      const { job } = await desk.service.upload(bank, file);
      tell(strings.ingesting, "working");
      const failed = await finished(desk.service, job);
      tell(failed ?? strings.uploaded, failed === null ? "done" : "failed");
    } catch (error) {
      const said = error instanceof Refused && !error.offline ? `${error.message} ${error.hint}` : strings.unreachable;
      tell(said, "failed");
    }
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add([...(event.dataTransfer?.files ?? [])]);
  };
  return (
    <Modal title={strings.addDocument}>
      <div class="fields">
        <label>
          <span>{strings.addTo}</span>
          <select value={bank} onChange={(event) => setBank(event.currentTarget.value)}>
            {banks.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title || one.name}
              </option>
            ))}
          </select>
        </label>
        <label
          class={`drop ${over ? "over" : ""}`}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={dropped}
        >
          <Icon name="upload" />
          <span>
            <strong>{strings.chooseFiles}</strong> {strings.dropFiles}
          </span>
          <input
            type="file"
            class="unseen"
            multiple
            onChange={(event) => add([...(event.currentTarget.files ?? [])])}
          />
        </label>
        <ul class="uploads" aria-live="polite">
          {uploads.map((one) => (
            <li key={one.name} class={one.state}>
              {one.state === "working" ? (
                <span class="spinner" aria-hidden="true" />
              ) : (
                <Icon name={one.state === "done" ? "check" : "warning"} size={18} />
              )}
              <span>
                <strong dir="auto">{one.name}</strong>
                <small>{one.words}</small>
              </span>
            </li>
          ))}
        </ul>
      </div>
    </Modal>
  );
}

/** Resolves when the job has ended: to null where it went well, else to what went wrong. */
async function finished(service: ReturnType<typeof useDesk>["service"], id: string): Promise<string | null> {
  for (;;) {
    const job = await service.job(id);
    if (job.state === "failed") return job.detail;
    if (job.state === "done") return job.results.find((one) => one.outcome === "failed")?.reason ?? null;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
