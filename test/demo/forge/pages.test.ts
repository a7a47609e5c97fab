import assert from "node:assert/strict";
import { test } from "node:test";
import { renderMarkdown } from "../../../src/demo/forge/markdown.ts";
import { openLocalForge } from "./stage.ts";

const EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">';

test("an issue's page shows its text, labels, comments, reactions and time", async (t) => {
  const { forge, name } = await openLocalForge(t);
  const number = forge.openIssue(name, {
    by: "ada",
    title: "Broken",
    body: "**Very** broken",
    labels: ["bug"],
  });
  const id = forge.comment(name, number, "ada", "- one\n- two");
  forge.react(name, id, "ada", "eyes");
  const html = await (await fetch(`${forge.url}/ada/app/issues/${number}`)).text();
  for (const part of ["Broken", "<strong>Very</strong>", ">bug<", "<li>one</li><li>two</li>", "👀"]) {
    assert.ok(html.includes(part), part);
  }
});

test("a pull request's page shows what it changes", async (t) => {
  const { forge, name } = await openLocalForge(t);
  await forge.commit(name, { by: "ada", branch: "work", files: { "a.txt": `${EVIL}\n` }, message: "Work" });
  const number = await forge.openPull(name, { by: "ada", head: "work", base: "main", title: "Work" });
  const html = await (await fetch(`${forge.url}/ada/app/pulls/${number}`)).text();
  assert.ok(html.includes('<span class="plus">+&lt;script&gt;'));
  assert.ok(!html.includes("<script"));
});

test("a number leads to the issue or pull request that has it, and to nothing else", async (t) => {
  const { forge, name } = await openLocalForge(t);
  await forge.commit(name, { by: "ada", branch: "work", files: { "a.txt": "a\n" }, message: "Work" });
  const pull = await forge.openPull(name, {
    by: "ada",
    head: "work",
    base: "main",
    title: "W",
    body: "Closes #1, not #9 or `#1`",
  });
  forge.comment(name, 1, "ada", `> **#${pull}**, a#1, #1a, [#1](/ada/app), it's`);
  const html = await (await fetch(`${forge.url}/ada/app/pulls/${pull}`)).text();
  assert.match(html, /<p>Closes <a href="\/ada\/app\/issues\/1">#1<\/a>, not #9 or <code>#1<\/code><\/p>/);
  const other = await (await fetch(`${forge.url}/ada/app/issues/1`)).text();
  const link = `<a href="/ada/app/pulls/${pull}">#${pull}</a>`;
  const rest = `a#1, #1a, <a href="/ada/app" rel="nofollow noopener">#1</a>, it&#39;s`;
  assert.ok(other.includes(`<strong>${link}</strong>, ${rest}`), other);
});

test("a line of small print is small, and what is in it is escaped", () => {
  assert.equal(
    renderMarkdown("before\n<sub>run `a<b` · <i>1</i> s</sub>"),
    "<p>before</p>\n<p><small>run <code>a&lt;b</code> · &lt;i&gt;1&lt;/i&gt; s</small></p>",
  );
  assert.equal(
    renderMarkdown("a <sub>b</sub>\n<sub>open"),
    "<p>a &lt;sub&gt;b&lt;/sub&gt;<br>&lt;sub&gt;open</p>",
  );
});

test("nothing that people write becomes markup of the page", async (t) => {
  const { forge, name } = await openLocalForge(t);
  const number = forge.openIssue(name, { by: "ada", title: EVIL, body: EVIL, labels: [EVIL] });
  forge.comment(
    name,
    number,
    "ada",
    `# ${EVIL}\n\n- ${EVIL}\n\n> ${EVIL}\n\n\`${EVIL}\`\n\n<summary>${EVIL}</summary>`,
  );
  for (const path of [`/ada/app/issues/${number}`, "/ada/app", "/"]) {
    const response = await fetch(`${forge.url}${path}`);
    assert.doesNotMatch(await response.text(), /<script|<img/);
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  }
});

test("pages that are not there, and those of private repositories, are not found", async (t) => {
  const { forge } = await openLocalForge(t);
  await forge.createRepo({ owner: "ada", name: "hidden", files: { a: "a" }, private: true });
  for (const path of ["/ada/none", "/ada/app/issues/99", "/ada/app/nonsense/1", "/ada/hidden", "/%zz"]) {
    assert.equal((await fetch(`${forge.url}${path}`)).status, 404, path);
  }
});

test("links lead only to the web and to this forge", () => {
  assert.match(
    renderMarkdown("[a](https://example.org/x?y=1&z)"),
    /href="https:\/\/example\.org\/x\?y=1&amp;z"/,
  );
  assert.match(renderMarkdown("[a](/ada/app)"), /href="\/ada\/app"/);
  for (const target of ["javascript:alert(1)", "data:text/html,x", '"onclick=alert(1)']) {
    assert.doesNotMatch(renderMarkdown(`[a](${target})`), /<a /);
  }
});

test("code keeps its text as it is, and an open block ends with the comment", () => {
  const html = renderMarkdown("```ts\nconst a = **b** < `c`;\n<!-- kept -->\n```\n\n~~~\nopen");
  assert.equal(
    html,
    "<pre><code>const a = **b** &lt; `c`;\n&lt;!-- kept --&gt;</code></pre>\n<pre><code>open</code></pre>",
  );
});

test("invisible markers stay invisible", () => {
  assert.equal(
    renderMarkdown("before <!-- marker:1 -->\n<!-- more\nlines -->after"),
    "<p>before <br>after</p>",
  );
});

test("a fold that is opened and not ended does not swallow what follows it", () => {
  const html = renderMarkdown("<details>\n<summary>Log of `x`</summary>\n\n```\nline\n```");
  assert.match(html, /^<details>\n<summary>Log of <code>x<\/code><\/summary>/);
  assert.equal(html.match(/<details>/g)?.length, html.match(/<\/details>/g)?.length);
  assert.doesNotMatch(renderMarkdown("</details></details>\n</details>"), /<\/details>/);
});
