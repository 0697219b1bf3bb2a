import { useDesk, useStrings } from "./context";

/** What stands over the message field: who answers, and whether the service is reached. */
export function Notices() {
  const desk = useDesk();
  const strings = useStrings();
  const open = desk.open;
  if (!desk.online.value) return <Notice tone="warn" strong={strings.offline} words={strings.offlineMore} />;
  if (!open.connected.value && open.id.value) return <Notice tone="warn" strong={strings.reconnecting} />;
  if (open.state.value === "waiting")
    return <Notice tone="live" strong={strings.waiting} words={strings.waitingMore} />;
  if (open.state.value === "human") return <Notice tone="live" strong={strings.human} />;
  return null;
}

function Notice({ tone, strong, words = "" }: { tone: string; strong: string; words?: string }) {
  return (
    <p class={`notice ${tone}`} role="status">
      <span class="dot" aria-hidden="true" />
      <span>
        <strong>{strong}</strong> {words}
      </span>
    </p>
  );
}
