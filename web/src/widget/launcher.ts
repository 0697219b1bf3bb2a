/**
 * What another site carries: <script async src="https://…/widget.js"></script>. It shows a button, and behind it a frame
 * of ours. Nothing of it touches the site: its styles stand in a shadow tree, and the frame is of another origin.
 */
(() => {
  const TAG = "refdesk-chat";
  const OPEN = "refdesk-open";
  const STYLES = `
    :host { all: initial; }
    .button, .frame { position: fixed; z-index: 2147483000; inset-inline-end: 20px; border: 0; }
    .button {
      inset-block-end: 20px; display: grid; place-items: center; inline-size: 56px; block-size: 56px; padding: 0;
      border-radius: 50%; cursor: pointer; box-shadow: 0 6px 24px rgb(0 0 0 / 22%); transition: scale .15s;
    }
    .button:hover { scale: 1.05; }
    .button:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #1f1c18; }
    .button svg { fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
    .news::after {
      content: ""; position: absolute; inset-block-start: 2px; inset-inline-end: 2px; inline-size: 12px;
      block-size: 12px; border: 2px solid #fff; border-radius: 50%; background: #d92d20;
    }
    .frame {
      inset-block-end: 88px; inline-size: min(410px, calc(100vw - 40px)); block-size: min(680px, calc(100dvh - 108px));
      border-radius: 18px; background: #fff; box-shadow: 0 16px 60px rgb(0 0 0 / 26%); color-scheme: normal;
    }
    .frame[hidden] { display: none; }
    @media (max-width: 520px) {
      .frame { inset: 0; inline-size: 100%; block-size: 100%; border-radius: 0; }
    }
    @media (prefers-reduced-motion: reduce) { .button { transition: none; } }`;

  const script = document.currentScript;
  if (!(script instanceof HTMLScriptElement) || document.querySelector(TAG)) return;
  const service = new URL("./", script.src);

  interface Look {
    grant: string;
    title: string;
    accent: string;
  }

  const granted = async (): Promise<Look> => {
    const response = await fetch(new URL("api/widget/grant", service), { method: "POST", credentials: "omit" });
    if (!response.ok) throw new Error(String(response.status));
    return (await response.json()) as Look;
  };

  /** Dark or white, whatever can be read better on the colour. */
  const inkOn = (accent: string): string => {
    const value = Number.parseInt(accent.slice(1), 16);
    const linear = (byte: number) => ((byte & 255) / 255) ** 2.2;
    const luminance = 0.2126 * linear(value >> 16) + 0.7152 * linear(value >> 8) + 0.0722 * linear(value);
    return luminance > 0.36 ? "#14130f" : "#ffffff";
  };

  const show = (look: Look) => {
    const host = document.createElement(TAG);
    const root = host.attachShadow({ mode: "open" });
    const styles = new CSSStyleSheet();
    styles.replaceSync(STYLES);
    root.adoptedStyleSheets = [styles];
    const button = document.createElement("button");
    button.className = "button";
    button.type = "button";
    button.style.background = look.accent;
    button.style.color = inkOn(look.accent);
    button.setAttribute("aria-label", look.title);
    button.setAttribute("aria-expanded", "false");
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of [
      ["viewBox", "0 0 20 20"],
      ["width", "28"],
      ["height", "28"],
      ["aria-hidden", "true"],
    ]) {
      icon.setAttribute(name ?? "", value ?? "");
    }
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute(
      "d",
      "M4 4.500h12c.8 0 1.500.7 1.500 1.500v7c0 .8-.7 1.500-1.500 1.500H9l-3.500 3v-3H4c-.8 0-1.500-.7-1.500-1.500V6c0-.8.7-1.500 1.500-1.500zM6.500 8h7M6.500 11h4.500",
    );
    icon.append(path);
    button.append(icon);
    root.append(button);
    document.body.append(host);

    let frame: HTMLIFrameElement | null = null;
    let first: Look | null = look;
    const framed = (): HTMLIFrameElement => {
      const made = document.createElement("iframe");
      made.className = "frame";
      made.title = look.title;
      made.allow = "clipboard-write";
      made.src = new URL("widget", service).href;
      root.append(made);
      return made;
    };
    const open = (opened: boolean) => {
      if (opened) frame ??= framed();
      if (frame) frame.hidden = !opened;
      button.setAttribute("aria-expanded", String(opened));
      button.classList.remove("news");
      if (opened) frame?.focus();
      else button.focus({ preventScroll: true });
      try {
        sessionStorage.setItem(OPEN, opened ? "1" : "");
      } catch {
        // A browser that keeps nothing shows the button on the next page.
      }
    };
    button.addEventListener("click", () => open(frame?.hidden !== false));
    addEventListener("message", (event: MessageEvent<{ refdesk?: string }>) => {
      if (!frame || event.source !== frame.contentWindow || event.origin !== service.origin) return;
      const wanted = event.data?.refdesk;
      if (wanted === "close") open(false);
      if (wanted === "news" && frame.hidden) button.classList.add("news");
      if (wanted !== "grant") return;
      const tell = (grant: string) => frame?.contentWindow?.postMessage({ refdesk: "granted", grant }, service.origin);
      const known = first;
      first = null;
      if (known) tell(known.grant);
      else
        granted().then(
          (fresh) => tell(fresh.grant),
          () => tell(""),
        );
    });
    // A grant ends after two minutes; a visitor who opens the chat later is given a new one.
    setTimeout(() => (first = null), 100_000);
    try {
      if (sessionStorage.getItem(OPEN)) open(true);
    } catch {
      // As above.
    }
  };

  granted().then(show, () => console.warn(`${service.host} does not allow its chat on ${location.origin}.`));
})();
