#include "report/svg_map.h"

#include <math.h>

#include "base/text.h"
#include "report/html.h"
#include "report/svg_parts.h"

#define MARGIN 10.0
#define NAME_MOST 24			/* characters of a name */
#define NUMBERS_FROM 32.0		/* squares of this size have their number in them */
#define KEY_STEPS 9
#define KEY_STEP 22.0
#define STRENGTH 0.5			/* opacity of 1: text on it stays readable, on light and dark ground */

typedef struct Grid
{
	double		left,			/* where the squares begin */
				top,
				square,
				width,
				height;
} Grid;

static Grid
grid_of(const PpdlMap *m)
{
	Grid		g = {.square = m->n <= 6 ? 42 : m->n <= 12 ? 34 : m->n <= 24 ? 22 : 14};
	long		most = 0;
	double		room;

	for (int i = 0; i < m->n; i++)
		most = ppdl_text_length(m->name[i]) > most ? ppdl_text_length(m->name[i]) : most;
	room = (most > NAME_MOST ? NAME_MOST : most) * PPDL_SVG_CHARACTER + 8;
	g.left = MARGIN + room;
	g.top = PPDL_SVG_TOP + room;
	g.width = fmax(g.left + m->n * g.square + MARGIN, 2 * MARGIN + KEY_STEPS * KEY_STEP + 40);
	g.height = g.top + m->n * g.square + 52;
	return g;
}

/* two decimals; a true minus sign */
static void
put_number(PpdlWriter *w, double v)
{
	int			hundredths = (int) lround(fabs(v) * 100);

	ppdl_write_format(w, "%s%d.%02d", v < 0 && hundredths ? "\xE2\x88\x92" : "", hundredths / 100, hundredths % 100);
}

/* blue above zero, orange below; outside of the page's style these colours */
static void
put_square(PpdlWriter *w, const char *class, double x, double y, double size, double v)
{
	if (isnan(v))
		ppdl_write_format(w, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\""
						  " stroke=\"currentColor\" stroke-opacity=\".25\" stroke-dasharray=\"2 2\">", class, x, y,
						  size, size);
	else
		ppdl_write_format(w, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\""
						  " style=\"fill:var(--series-%s)\" fill-opacity=\"%.2f\" stroke=\"currentColor\""
						  " stroke-opacity=\".15\">", class, x, y, size, size, v < 0 ? "3,#c44f00" : "1,#0067a5",
						  STRENGTH * fabs(v));
}

static void
put_pair(PpdlWriter *w, const PpdlMap *m, const Grid *g, int i, int j)
{
	double		v = m->value[(size_t) i * (size_t) m->n + (size_t) j],
				x = g->left + j * g->square,
				y = g->top + i * g->square;

	put_square(w, "square", x, y, g->square, v);
	ppdl_write_text(w, "<title>");
	ppdl_html_text(w, m->name[i]);
	ppdl_write_text(w, ", ");
	ppdl_html_text(w, m->name[j]);
	ppdl_write_text(w, ": ");
	if (isnan(v))
		ppdl_write_text(w, "not defined");
	else
		put_number(w, v);
	ppdl_write_text(w, "</title></rect>\n");
	if (g->square < NUMBERS_FROM || isnan(v))
		return;
	ppdl_write_format(w, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" pointer-events=\"none\">",
					  x + g->square / 2, y + g->square / 2 + 4);
	put_number(w, v);
	ppdl_write_text(w, "</text>\n");
}

static void
put_names(PpdlWriter *w, const PpdlMap *m, const Grid *g)
{
	for (int i = 0; i < m->n; i++)
	{
		double		middle = (i + 0.5) * g->square + 4;

		ppdl_svg_label(w, g->left - 6, g->top + middle, "end", m->name[i], NAME_MOST);
		ppdl_write_format(w, "<g transform=\"translate(%.1f,%.1f) rotate(-90)\">", g->left + middle, g->top - 6);
		ppdl_svg_label(w, 0, 0, "start", m->name[i], NAME_MOST);
		ppdl_write_text(w, "</g>\n");
	}
}

static void
put_key(PpdlWriter *w, const PpdlMap *m, const Grid *g)
{
	double		y = g->top + m->n * g->square + 16;

	for (int i = 0; i < KEY_STEPS; i++)
	{
		double		v = (double) i / (KEY_STEPS / 2) - 1,
					x = MARGIN + 20 + i * KEY_STEP;

		put_square(w, "key", x, y, KEY_STEP - 8, v);
		ppdl_write_text(w, "</rect>\n");
		if (i % (KEY_STEPS / 2) == 0)
			ppdl_svg_label(w, x + (KEY_STEP - 8) / 2, y + KEY_STEP + 6, "middle", v < 0 ? "\xE2\x88\x92" "1" :
						   v > 0 ? "1" : "0", NAME_MOST);
	}
}

static PpdlStatus
check_map(const PpdlMap *m, PpdlError *err)
{
	if (m->n < 1 || m->n > PPDL_MAP_MOST)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "map \"%.*s\" of %d columns; at most %d",
						  PPDL_CUT(m->title, 100), m->n,
						  PPDL_MAP_MOST);
	for (int i = 0; i < m->n * m->n; i++)
		if (fabs(m->value[i]) > 1)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "map \"%.*s\": \"%.*s\" and \"%.*s\" at %g, beyond -1 .. 1",
							  PPDL_CUT(m->title, 100), PPDL_CUT(m->name[i / m->n], 80),
							  PPDL_CUT(m->name[i % m->n], 80), m->value[i]);
	return PPDL_OK;
}

PpdlStatus
ppdl_svg_map(PpdlWriter *w, const PpdlMap *m, PpdlError *err)
{
	Grid		g;

	PPDL_TRY(check_map(m, err));
	g = grid_of(m);
	ppdl_svg_begin(w, &(PpdlSvgHead) {
		.id = m->id,.title = m->title,.description = m->description,.width = g.width,.height = g.height,
		.max_width = 1.3 * g.width
	});
	put_names(w, m, &g);
	for (int i = 0; i < m->n; i++)
		for (int j = 0; j < m->n; j++)
			put_pair(w, m, &g, i, j);
	put_key(w, m, &g);
	ppdl_write_text(w, "</svg>\n");
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
