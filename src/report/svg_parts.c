#include "report/svg_parts.h"

#include "report/html.h"

#define LABEL_SIZE 11
#define TITLE_MOST 56			/* characters */

void
ppdl_svg_label(PpdlWriter *w, double x, double y, const char *anchor, const char *text, long most)
{
	ppdl_write_format(w, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	ppdl_html_short(w, text, most);
	ppdl_write_text(w, "</text>\n");
}

void
ppdl_svg_begin(PpdlWriter *w, const PpdlSvgHead *head)
{
	ppdl_write_format(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" id=\"%s\" role=\"img\""
					  " aria-labelledby=\"%s-title %s-desc\" viewBox=\"0 0 %.0f %.0f\"", head->id, head->id, head->id,
					  head->width, head->height);
	if (head->max_width > 0)
		ppdl_write_format(w, " style=\"max-width:%.0fpx\"", head->max_width);
	ppdl_write_format(w, " font-family=\"system-ui,sans-serif\" font-size=\"%d\" fill=\"currentColor\">\n"
					  "<title id=\"%s-title\">", LABEL_SIZE, head->id);
	ppdl_html_text(w, head->title);
	ppdl_write_format(w, "</title>\n<desc id=\"%s-desc\">", head->id);
	ppdl_html_text(w, head->description ? head->description : "");
	ppdl_html_text(w, head->note ? head->note : "");
	ppdl_write_text(w, "</desc>\n<g font-size=\"13\" font-weight=\"600\">");
	ppdl_svg_label(w, 10, 18, "start", head->title, TITLE_MOST);
	ppdl_write_text(w, "</g>\n");
}
