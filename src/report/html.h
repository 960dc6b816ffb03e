/*
 * HTML pages that need nothing outside themselves: light and dark, wide and narrow, for screens and paper.
 */
#ifndef PPDL_REPORT_HTML_H
#define PPDL_REPORT_HTML_H

#include "report/text.h"

/*
 * Text for an element or an attribute in double quotes, of HTML and XML: what has a meaning there is escaped,
 * characters that XML cannot hold become U+FFFD, bytes that are not UTF-8, too.
 */
void		ppdl_html_text(PpdlWriter *w, const char *s);
/* the same, at most so many characters, the last one an ellipsis when there were more */
void		ppdl_html_short(PpdlWriter *w, const char *s, long most);
long		ppdl_text_length(const char *s);	/* characters, of UTF-8 */

/* everything before what the page says, and after it; well-formed XML, too */
void		ppdl_html_begin(PpdlWriter *w, const char *title);
void		ppdl_html_end(PpdlWriter *w);

#endif
