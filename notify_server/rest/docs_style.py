"""The look of ``/docs``: light or dark as the reader's system is, nothing loaded from anywhere."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #e1e6ec; --panel: #f6f8fa;
  --code: #f1f4f8; --accent: #2457c5; --get: #0b6e4f; --post: #2457c5; --put: #9a5b00;
  --delete: #b3261e; --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --ink: #e3e8ee; --soft: #98a4b3; --line: #2a323d; --panel: #181d25;
    --code: #1d242e; --accent: #86aefc; --get: #5fcfa4; --post: #86aefc; --put: #f0b357;
    --delete: #ff8f86;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; color: var(--ink); background: var(--paper); display: grid;
  grid-template-columns: 17rem minmax(0, 1fr);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
nav {
  position: sticky; top: 0; height: 100vh; overflow-y: auto;
  scrollbar-width: thin; padding: 1.5rem 1rem 2rem 1.5rem;
  background: var(--panel); border-right: 1px solid var(--line); font-size: .875rem;
}
nav strong { display: block; font-size: 1.05rem; }
nav small { color: var(--soft); }
nav h2 {
  margin: 1.4rem 0 .35rem; font-size: .72rem; letter-spacing: .07em; text-transform: uppercase;
  color: var(--soft);
}
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: block; padding: .14rem 0; color: var(--ink); }
main { padding: 2.5rem clamp(1rem, 4vw, 4rem) 6rem; max-width: 66rem; }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2; }
main > h2, section > h2 {
  margin: 3.5rem 0 .25rem; padding-top: 1.25rem; border-top: 1px solid var(--line);
  font-size: 1.5rem;
}
h3 { margin: 0; font-size: 1.1rem; }
h4 { margin: 1.1rem 0 .35rem; font-size: .82rem; color: var(--soft); font-weight: 600; }
p { margin: .5rem 0; max-width: 46rem; }
.lead, .access { color: var(--soft); }
.access { font-size: .9rem; }
article {
  margin: 1.25rem 0; padding: 1.1rem 1.25rem 1.25rem; border: 1px solid var(--line);
  border-radius: 10px;
}
.call { display: flex; flex-wrap: wrap; gap: .6rem; align-items: baseline; margin-top: .35rem; }
.call code { background: none; padding: 0; overflow-wrap: anywhere; }
.method {
  font: 600 .75rem/1 var(--mono); padding: .3rem .45rem; border-radius: 5px; color: var(--paper);
  background: var(--soft);
}
.get { background: var(--get); } .post { background: var(--post); }
.put, .patch { background: var(--put); } .delete { background: var(--delete); }
code, pre { font-family: var(--mono); font-size: .84em; }
code { background: var(--code); border-radius: 4px; padding: .1em .32em; }
pre {
  margin: .35rem 0 0; padding: .8rem .95rem; overflow-x: auto; background: var(--code);
  border-radius: 8px; line-height: 1.5; tab-size: 2; max-height: 36rem; scrollbar-width: thin;
}
pre code { background: none; padding: 0; font-size: 1em; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td {
  text-align: left; vertical-align: top; padding: .38rem .8rem .38rem 0;
  border-bottom: 1px solid var(--line);
}
th { color: var(--soft); font-weight: 600; font-size: .78rem; }
td:first-child { white-space: nowrap; }
details { margin-top: .7rem; }
summary { cursor: pointer; color: var(--accent); font-size: .9rem; }
.status { font: 600 .8rem var(--mono); }
@media (max-width: 56rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: 40vh; border-right: 0;
    border-bottom: 1px solid var(--line); }
}
@media print { nav { display: none; } body { display: block; } }
"""
