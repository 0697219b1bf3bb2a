import type { Summary } from "../api/contract";
import { Icon } from "../look/Icon";
import { Monogram } from "../look/Monogram";
import type { Strings } from "../strings";
import { hashOf } from "./address";
import { useDesk, useStrings } from "./context";
import { ThemeChoice } from "./ThemeChoice";

/** The conversations: begin one, open one, delete one. */
export function Sidebar({ covered }: { covered: boolean }) {
  const desk = useDesk();
  const strings = useStrings();
  const session = desk.session.value;
  const groups = grouped(desk.conversations.value, strings);
  return (
    <nav
      id="conversations"
      class={`sidebar ${desk.listShown.value ? "shown" : ""}`}
      aria-label={strings.conversations}
      inert={covered}
    >
      <div class="brand">
        <Monogram text={session?.logo ?? ""} />
        <strong dir="auto">{session?.title}</strong>
        <button
          type="button"
          class="tool only-narrow"
          aria-label={strings.closeConversations}
          onClick={() => (desk.listShown.value = false)}
        >
          <Icon name="close" />
        </button>
      </div>
      <button type="button" class="button new" onClick={() => desk.startNew()}>
        <Icon name="plus" size={18} /> {strings.newConversation}
      </button>
      <div class="list">
        {groups.length === 0 && <p class="none">{strings.noConversations}</p>}
        {groups.map(([name, listed]) => (
          <section key={name}>
            <h2 class="label">{name}</h2>
            <ul>
              {listed.map((one) => (
                <Entry key={one.id} conversation={one} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      <div class="foot">
        {session?.features.upload && (
          <button type="button" class="quiet" onClick={() => (desk.dialog.value = { kind: "upload" })}>
            <Icon name="upload" size={18} /> {strings.addDocument}
          </button>
        )}
        <ThemeChoice />
      </div>
    </nav>
  );
}

function Entry({ conversation }: { conversation: Summary }) {
  const desk = useDesk();
  const strings = useStrings();
  const title = conversation.title || strings.untitled;
  const open = desk.open.id.value === conversation.id;
  return (
    <li class="entry">
      <a
        href={hashOf({ conversation: conversation.id, source: null })}
        aria-current={open ? "page" : undefined}
        dir="auto"
        title={title}
        onClick={(event) => {
          event.preventDefault();
          desk.go({ conversation: conversation.id, source: null });
        }}
      >
        {title}
      </a>
      <button
        type="button"
        class="tool"
        aria-label={strings.deleteConversation(title)}
        onClick={() => (desk.dialog.value = { kind: "remove", conversation })}
      >
        <Icon name="trash" size={16} />
      </button>
    </li>
  );
}

function grouped(conversations: readonly Summary[], strings: Strings): [string, Summary[]][] {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const day = 86_400_000;
  const nameOf = (one: Summary) => {
    const created = new Date(one.created).getTime();
    if (created >= midnight) return strings.today;
    return created >= midnight - day ? strings.yesterday : strings.earlier;
  };
  const groups = new Map<string, Summary[]>();
  for (const one of conversations) groups.set(nameOf(one), [...(groups.get(nameOf(one)) ?? []), one]);
  return [...groups];
}
