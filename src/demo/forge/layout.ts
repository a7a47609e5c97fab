/** The frame and the looks of the local forge's pages. */
import { escapeHtml } from "./markdown.ts";

const CSS = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: #2563eb }
@media (prefers-color-scheme: dark) { :root { --link: #7aa7ff } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
a { color: var(--link) } h1 { line-height: 1.2 } small { opacity: .75 }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; overflow: hidden }
article > header { background: var(--soft); border-bottom: 1px solid var(--line); padding: .4rem 1rem }
article > .text { padding: 0 1rem; overflow-wrap: anywhere } article > footer { padding: 0 1rem .6rem }
pre { background: var(--soft); border-radius: .4rem; overflow: auto; padding: .8rem; font-size: .85rem }
details { margin: 1rem 0 }
blockquote { border-left: .25rem solid var(--line); margin-left: 0; padding-left: 1rem }
.list { list-style: none; padding: 0 } .list li { border-bottom: 1px solid var(--line); padding: .6rem 0 }
.badge, .label { border-radius: 1rem; font-size: .8rem; padding: .1rem .6rem }
.badge { background: #15803d; color: #fff } .badge.closed { background: #b91c1c } .badge.draft { background: #57606a }
.label { border: 1px solid var(--line) }
.diff .plus { color: #15803d } .diff .minus { color: #dc2626 } .diff .at { opacity: .6 }
`;

export function layout(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${CSS}</style></head>
<body>${body}</body></html>`;
}
