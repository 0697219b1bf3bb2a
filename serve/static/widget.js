(()=>{let e=`refdesk-chat`,t=`refdesk-open`,n=document.currentScript;if(!(n instanceof HTMLScriptElement)||document.querySelector(e))return;let r=new URL(`./`,n.src),i=async()=>{let e=await fetch(new URL(`api/widget/grant`,r),{method:`POST`,credentials:`omit`});if(!e.ok)throw Error(String(e.status));return await e.json()},a=e=>{let t=Number.parseInt(e.slice(1),16),n=e=>((e&255)/255)**2.2;return .2126*n(t>>16)+.7152*n(t>>8)+.0722*n(t)>.36?`#14130f`:`#ffffff`};i().then(n=>{let o=document.createElement(e),s=o.attachShadow({mode:`open`}),c=new CSSStyleSheet;c.replaceSync(`
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
    @media (prefers-reduced-motion: reduce) { .button { transition: none; } }`),s.adoptedStyleSheets=[c];let l=document.createElement(`button`);l.className=`button`,l.type=`button`,l.style.background=n.accent,l.style.color=a(n.accent),l.setAttribute(`aria-label`,n.title),l.setAttribute(`aria-expanded`,`false`);let u=document.createElementNS(`http://www.w3.org/2000/svg`,`svg`);for(let[e,t]of[[`viewBox`,`0 0 20 20`],[`width`,`28`],[`height`,`28`],[`aria-hidden`,`true`]])u.setAttribute(e??``,t??``);let d=document.createElementNS(`http://www.w3.org/2000/svg`,`path`);d.setAttribute(`d`,`M4 4.500h12c.8 0 1.500.7 1.500 1.500v7c0 .8-.7 1.500-1.500 1.500H9l-3.500 3v-3H4c-.8 0-1.500-.7-1.500-1.500V6c0-.8.7-1.500 1.500-1.500zM6.500 8h7M6.500 11h4.500`),u.append(d),l.append(u),s.append(l),document.body.append(o);let f=null,p=n,m=()=>{let e=document.createElement(`iframe`);return e.className=`frame`,e.title=n.title,e.allow=`clipboard-write`,e.src=new URL(`widget`,r).href,s.append(e),e},h=e=>{e&&(f??=m()),f&&(f.hidden=!e),l.setAttribute(`aria-expanded`,String(e)),l.classList.remove(`news`),e?f?.focus():l.focus({preventScroll:!0});try{sessionStorage.setItem(t,e?`1`:``)}catch{}};l.addEventListener(`click`,()=>h(f?.hidden!==!1)),addEventListener(`message`,e=>{if(!f||e.source!==f.contentWindow||e.origin!==r.origin)return;let t=e.data?.refdesk;if(t===`close`&&h(!1),t===`news`&&f.hidden&&l.classList.add(`news`),t!==`grant`)return;let n=e=>f?.contentWindow?.postMessage({refdesk:`granted`,grant:e},r.origin),a=p;p=null,a?n(a.grant):i().then(e=>n(e.grant),()=>n(``))}),setTimeout(()=>p=null,1e5);try{sessionStorage.getItem(t)&&h(!0)}catch{}},()=>console.warn(`${r.host} does not allow its chat on ${location.origin}.`))})();