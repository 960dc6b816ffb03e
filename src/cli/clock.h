#ifndef PPDL_CLI_CLOCK_H
#define PPDL_CLI_CLOCK_H

/* seconds from some moment on, whatever the date is set to */
double		ppdl_wall_seconds(void);

#endif
