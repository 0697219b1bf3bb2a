import { Icon } from "../look/Icon";
import { useDesk, useStrings } from "./context";

/** Above the conversation: the way to the others, its title, and the way to a person. */
export function Header() {
  const desk = useDesk();
  const strings = useStrings();
  const session = desk.session.value;
  const open = desk.open;
  const begun = open.messages.value.length > 0 || open.unsent.value !== null;
  const person = session?.features.handover && open.state.value === "bot";
  return (
    <header class="top">
      <button
        type="button"
        class="tool only-narrow"
        aria-label={strings.openConversations}
        aria-expanded={desk.listShown.value}
        aria-controls="conversations"
        onClick={() => (desk.listShown.value = true)}
      >
        <Icon name="menu" />
      </button>
      {begun ? (
        <h1 class="title" dir="auto">
          {open.title.value || strings.untitled}
        </h1>
      ) : (
        <span class="title only-narrow" dir="auto">
          {session?.title}
        </span>
      )}
      {person && (
        <button type="button" class="button person" onClick={() => (desk.dialog.value = { kind: "person" })}>
          <Icon name="person" size={18} /> <span>{strings.person}</span>
        </button>
      )}
      <button
        type="button"
        class="tool only-narrow"
        aria-label={strings.newConversation}
        onClick={() => desk.startNew()}
      >
        <Icon name="plus" />
      </button>
      {desk.embedding && (
        <button type="button" class="tool" aria-label={strings.close} onClick={() => desk.embedding?.close()}>
          <Icon name="close" />
        </button>
      )}
    </header>
  );
}
