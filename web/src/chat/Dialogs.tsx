import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Summary } from "../api/contract";
import { Refused } from "../api/requests";
import { Icon } from "../look/Icon";
import { useDesk, useStrings } from "./context";
import { UploadDialog } from "./UploadDialog";

/** The one dialog that is open. */
export function Dialogs() {
  const dialog = useDesk().dialog.value;
  if (dialog?.kind === "person") return <PersonDialog />;
  if (dialog?.kind === "remove") return <RemoveDialog conversation={dialog.conversation} />;
  if (dialog?.kind === "upload") return <UploadDialog />;
  return null;
}

/** A modal dialog; the browser keeps the focus inside, and gives it back. */
export function Modal({ title, children }: { title: string; children: ComponentChildren }) {
  const desk = useDesk();
  const strings = useStrings();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  const close = () => (desk.dialog.value = null);
  return (
    <dialog
      ref={element}
      class="modal"
      aria-labelledby="dialog-title"
      onClose={close}
      onClick={(event) => event.target === element.current && close()}
    >
      <div class="inside">
        <div class="heading">
          <h2 id="dialog-title">{title}</h2>
          <button type="button" class="tool" aria-label={strings.close} onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

function PersonDialog() {
  const desk = useDesk();
  const strings = useStrings();
  const [reason, setReason] = useState("");
  const [contact, setContact] = useState("");
  const [refused, setRefused] = useState("");
  const [asking, setAsking] = useState(false);
  const submitted = async (event: Event) => {
    event.preventDefault();
    setAsking(true);
    try {
      await desk.open.askForPerson(reason.trim(), contact.trim());
      desk.dialog.value = null;
    } catch (error) {
      setRefused(error instanceof Refused && !error.offline ? `${error.message} ${error.hint}` : strings.unreachable);
      setAsking(false);
    }
  };
  return (
    <Modal title={strings.personQuestion}>
      <form class="fields" onSubmit={(event) => void submitted(event)}>
        <p>{strings.personIntro}</p>
        <label>
          <span>{strings.personReason}</span>
          <textarea
            rows={3}
            maxLength={1000}
            dir="auto"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>{strings.personContact}</span>
          <input
            type="email"
            autocomplete="email"
            maxLength={200}
            value={contact}
            onInput={(event) => setContact(event.currentTarget.value)}
          />
        </label>
        {refused && (
          <p class="remark bad" role="alert">
            {refused}
          </p>
        )}
        <div class="row">
          <button type="submit" class="button main" disabled={asking}>
            {strings.personSend}
          </button>
          <button type="button" class="button" onClick={() => (desk.dialog.value = null)}>
            {strings.cancel}
          </button>
        </div>
      </form>
    </Modal>
  );
}

function RemoveDialog({ conversation }: { conversation: Summary }) {
  const desk = useDesk();
  const strings = useStrings();
  const [refused, setRefused] = useState(false);
  const remove = async () => {
    try {
      await desk.remove(conversation);
      desk.dialog.value = null;
    } catch {
      setRefused(true);
    }
  };
  return (
    <Modal title={strings.deleteQuestion}>
      <p>
        <strong dir="auto">{conversation.title || strings.untitled}</strong>
      </p>
      <p>{strings.deleteConsequence}</p>
      {refused && (
        <p class="remark bad" role="alert">
          {strings.unreachable}. {strings.unreachableMore}
        </p>
      )}
      <div class="row">
        <button type="button" class="button danger" onClick={() => void remove()}>
          {strings.delete}
        </button>
        <button type="button" class="button" onClick={() => (desk.dialog.value = null)}>
          {strings.cancel}
        </button>
      </div>
    </Modal>
  );
}
