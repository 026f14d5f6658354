/** The style and the script of the page at /docs. */

export const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1 small { font-weight: normal; opacity: .6; }
h2 { text-transform: capitalize; border-bottom: 1px solid var(--line); margin: 2rem 0 0; }
h4 { margin: 1rem 0 .3rem; }
p { margin: .4rem 0; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; }
summary span { opacity: .75; }
summary b { display: inline-block; min-width: 4rem; }
b.get { color: #1a7f37; } b.post { color: #0969da; } b.delete { color: #cf222e; } b.put, b.patch { color: #9a6700; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; }
pre { background: var(--soft); border-radius: 4px; font: 13px/1.45 ui-monospace, monospace; margin: .2rem 0; overflow: auto; padding: .3rem .5rem; white-space: pre-wrap; }
form { border-top: 1px solid var(--line); margin-top: .8rem; padding-top: .5rem; }
label { display: block; margin: .3rem 0; }
input, textarea { font: 13px ui-monospace, monospace; width: 100%; box-sizing: border-box; padding: .3rem; }
header input { width: 20rem; }
button { padding: .3rem 1.2rem; }
`;

/** Sends what a form says to the server that the page came from, and shows what it answers. */
export const script = `
for (const form of document.querySelectorAll('form')) form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const shown = form.querySelector('.answer');
  shown.hidden = false;
  shown.textContent = '…';
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  const token = document.getElementById('token').value;
  if (token !== '') headers.Authorization = 'Bearer ' + token;
  for (const input of form.querySelectorAll('input')) {
    if (input.value === '') continue;
    if (input.dataset.in === 'path') path = path.replace('{' + input.name + '}', encodeURIComponent(input.value));
    else if (input.dataset.in === 'query') query.append(input.name, input.value);
    else headers[input.name] = input.value;
  }
  const area = form.querySelector('textarea');
  if (area !== null) headers['Content-Type'] = 'application/json';
  try {
    const asked = { method: form.dataset.method, headers, ...(area === null ? {} : { body: area.value }) };
    const answer = await fetch(path + (query.size > 0 ? '?' + query : ''), asked);
    shown.textContent = answer.status + ' ' + answer.statusText + '\\n';
    const decoder = new TextDecoder();
    for await (const bytes of answer.body) shown.textContent += decoder.decode(bytes, { stream: true });
    const [first, ...rest] = shown.textContent.split('\\n');
    try { shown.textContent = first + '\\n' + JSON.stringify(JSON.parse(rest.join('\\n')), null, 2); } catch {}
  } catch (error) {
    shown.textContent = String(error);
  }
});
`;
