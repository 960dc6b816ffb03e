#include "report/html.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define ELLIPSIS "\xE2\x80\xA6"

/* bytes of the character at s, 0 where there is none in UTF-8; its number */
static int
character(const char *s, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *u = (const uint8_t *) s;
	int			n = u[0] < 0x80 ? 1 : u[0] >> 5 == 6 ? 2 : u[0] >> 4 == 14 ? 3 : u[0] >> 3 == 30 ? 4 : 0;

	*c = n == 1 ? u[0] : u[0] & (0x7F >> n);
	for (int i = 1; i < n; i++)
	{
		if (u[i] >> 6 != 2)
			return 0;
		*c = *c << 6 | (u[i] & 0x3F);
	}
	return n && *c >= least[n] ? n : 0;
}

/* XML 1.0, production 2 (Char); not the controls from U+0080 on, either, which HTML does not want */
static int
is_allowed(uint32_t c)
{
	if (c < 0xA0)
		return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0x7F);
	return !(c >= 0xD800 && c < 0xE000) && c != 0xFFFE && c != 0xFFFF && c <= 0x10FFFF;
}

static void
put_character(PpdlWriter *w, const char *s, int n, uint32_t c)
{
	switch (c)
	{
		case '&':
			ppdl_write_text(w, "&amp;");
			break;
		case '<':
			ppdl_write_text(w, "&lt;");
			break;
		case '>':
			ppdl_write_text(w, "&gt;");
			break;
		case '"':
			ppdl_write_text(w, "&quot;");
			break;
		case '\'':
			ppdl_write_text(w, "&#39;");
			break;
		default:
			ppdl_write_bytes(w, s, (size_t) n);
			break;
	}
}

long
ppdl_text_length(const char *s)
{
	long		length = 0;
	uint32_t	c;

	for (int n; *s; s += n ? n : 1, length++)
		n = character(s, &c);
	return length;
}

void
ppdl_html_short(PpdlWriter *w, const char *s, long most)
{
	long		left = ppdl_text_length(s);
	int			is_cut = left > most;
	uint32_t	c;

	left = is_cut ? most - 1 : left;
	for (int n; left > 0; s += n ? n : 1, left--)
	{
		n = character(s, &c);
		if (n && is_allowed(c))
			put_character(w, s, n, c);
		else
			ppdl_write_text(w, REPLACEMENT);
	}
	if (is_cut)
		ppdl_write_text(w, ELLIPSIS);
}

void
ppdl_html_text(PpdlWriter *w, const char *s)
{
	ppdl_html_short(w, s, ppdl_text_length(s));
}

/* Series' colours: at least 3:1 on either ground, told apart in the common kinds of colour blindness. */
#define LIGHT \
	"color-scheme:light;--ground:#fff;--text:#1b1f24;--quiet:#57606a;--rule:#d0d7de;--panel:#f6f8fa;--link:#0067a5;" \
	"--series-0:#4a525c;--series-1:#0067a5;--series-2:#00805e;--series-3:#c44f00;" \
	"--series-4:#a8458a;--series-5:#8f6400;--series-6:#5b4cc4;--series-7:#b3261e"
#define DARK \
	"color-scheme:dark;--ground:#14181d;--text:#e2e6ea;--quiet:#9aa4af;--rule:#38414b;--panel:#1c2229;--link:#58b4ee;" \
	"--series-0:#c3cad2;--series-1:#58b4ee;--series-2:#3ccf9f;--series-3:#ff9057;" \
	"--series-4:#e79bcf;--series-5:#e8bc4a;--series-6:#a99cff;--series-7:#ff8a80"

static const char style[] =
	":root{" LIGHT "}\n"
	"@media screen and (prefers-color-scheme:dark){:root{" DARK "}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif}\n"
	"main{max-width:82rem;margin:0 auto;padding:1rem clamp(.8rem,3vw,2rem) 3rem}\n"
	"h1{font-size:1.7rem;line-height:1.2;margin:.8rem 0 .4rem}\n"
	"h2{font-size:1.3rem;margin:2.2rem 0 .5rem;padding-top:.6rem;border-top:1px solid var(--rule)}\n"
	"h3{font-size:1.05rem;margin:1.5rem 0 .4rem}\n"
	"h1,h2,h3,p,li,code{overflow-wrap:anywhere}\n"
	"p,ul{max-width:46rem;margin:.5rem 0}\n"
	"ul{padding-left:1.3rem}\n"
	".scroll{overflow-x:auto;margin:.8rem 0;border:1px solid var(--rule);border-radius:6px}\n"
	".scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}\n"
	"table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}\n"
	".caption{margin:1rem 0 -.5rem;color:var(--quiet);font-size:.88rem}\n"
	"th,td{padding:.35rem .7rem;text-align:right;white-space:nowrap;border-top:1px solid var(--rule)}\n"
	"thead th{background:var(--panel);vertical-align:bottom;white-space:normal}\n"
	"th.left,td.left{text-align:left}\n"
	"tbody th{font-weight:600}\n"
	"th span{display:inline-block;width:max-content;max-width:14rem;white-space:normal;overflow-wrap:anywhere}\n"
	"tr>:first-child{position:sticky;left:0;background:var(--ground)}thead tr>:first-child{background:var(--panel)}\n"
	"@media (max-width:40rem){th span{max-width:8rem}th,td{padding:.35rem .5rem}}\n"
	"td.long{text-align:left;white-space:normal;min-width:16rem;overflow-wrap:anywhere}\n"
	".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr));"
	"gap:1rem;margin:.8rem 0}\n"
	".charts figure{margin:0;padding:.5rem;border:1px solid var(--rule);border-radius:6px;break-inside:avoid}\n"
	".charts .wide{grid-column:1/-1}\n"
	".chart{display:block;width:100%;height:auto}\n"
	"pre{background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:.7rem;overflow-x:auto}\n"
	"code{font-family:ui-monospace,monospace;font-size:.9em}\n"
	"@media print{@page{margin:14mm}body{font-size:10pt}main{padding:0;max-width:none}"
	".scroll{overflow:visible;border:0}"
	"table{font-size:7.4pt}th,td{padding:.16rem .3rem}tr>:first-child{position:static}td.long{min-width:0}"
	"th span{max-width:9rem}"
	"tr,figure,h2,h3{break-inside:avoid}h2,h3{break-after:avoid}"
	"thead{display:table-header-group}.charts{grid-template-columns:1fr 1fr}}\n";

void
ppdl_html_begin(PpdlWriter *w, const char *title)
{
	ppdl_write_text(w, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
					"<meta charset=\"utf-8\"/>\n"
					"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
					"<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
	ppdl_html_text(w, title);
	ppdl_write_text(w, "</title>\n<style>\n");
	ppdl_write_text(w, style);
	ppdl_write_text(w, "</style>\n</head>\n<body>\n<main>\n");
}

void
ppdl_html_end(PpdlWriter *w)
{
	ppdl_write_text(w, "</main>\n</body>\n</html>\n");
}
