#include "report/svg_axis.h"

#include <math.h>

/* 1, 2 or 5 times a power of ten, at least v */
static double
round_up(double v)
{
	double		power = pow(10, floor(log10(v)));

	for (int i = 0; i < 3; i++)
	{
		static const double first[] = {1, 2, 5};

		if (first[i] * power >= v * (1 - 1e-9))
			return first[i] * power;
	}
	return 10 * power;
}

static void
linear_ticks(PpdlScale *s, int ticks)
{
	double		step = round_up((s->hi - s->lo) / ticks),
				first = ceil(s->lo / step - 1e-9);

	for (; s->nticks < PPDL_SCALE_TICKS && (first + s->nticks) * step <= s->hi + step * 1e-9; s->nticks++)
		s->tick[s->nticks] = (first + s->nticks) * step;
}

/* around numbers that are one, or too close for marks between them */
static void
make_room(PpdlScale *s, const PpdlAxis *axis)
{
	double		margin = fabs(s->lo) < 1e-90 ? 1 : fabs(s->lo) / 2;
	int			is_share = axis->quantity == PPDL_QUANTITY_PERCENT && s->lo >= 0 && s->hi <= 1;

	s->lo -= is_share ? 0.05 : margin;
	s->hi += is_share ? 0.05 : margin;
	/* there are no shares beyond these */
	if (is_share)
	{
		s->lo = fmax(s->lo, 0);
		s->hi = fmin(s->hi, 1);
	}
}

/* an axis ends on marks where nobody asked for certain ends */
static void
linear_ends(PpdlScale *s, const PpdlAxis *axis, int is_asked, int ticks)
{
	double		step;

	if (s->hi - s->lo < 1e-90 || s->hi - s->lo < 1e-12 * fmax(fabs(s->lo), fabs(s->hi)))
		make_room(s, axis);
	if (is_asked)
		return;
	step = round_up((s->hi - s->lo) / ticks);
	s->lo = floor(s->lo / step + 1e-9) * step;
	s->hi = ceil(s->hi / step - 1e-9) * step;
}

static void
log_ends(PpdlScale *s)
{
	s->lo = pow(10, floor(log10(s->lo) + 1e-9));
	s->hi = pow(10, ceil(log10(s->hi) - 1e-9));
	if (s->lo >= s->hi)
		s->hi = s->lo * 10;
}

static void
log_ticks(PpdlScale *s, int ticks)
{
	int			lo = (int) lround(log10(s->lo)),
				hi = (int) lround(log10(s->hi)),
				step = 1;

	while ((hi - lo) / step + 1 > ticks + 1)
		step++;
	for (int d = lo; d <= hi && s->nticks < PPDL_SCALE_TICKS; d += step)
		s->tick[s->nticks++] = pow(10, d);
}

PpdlScale
ppdl_scale(const PpdlAxis *axis, double lo, double hi, int ticks)
{
	PpdlScale	s = {.is_log = axis->is_log};
	int			is_asked = axis->lo < axis->hi,
				is_wider = 0;

	if (axis->name)
	{
		s.lo = -0.5;
		s.hi = (axis->nnames > 0 ? (double) axis->nnames : 1) - 0.5;
		return s;
	}
	if (lo > hi)
	{
		lo = axis->is_log ? 1 : 0;
		hi = axis->is_log ? 10 : 1;
	}
	else
		is_wider = lo < axis->lo || hi > axis->hi;
	s.lo = is_asked ? fmin(lo, axis->lo) : lo;
	s.hi = is_asked ? fmax(hi, axis->hi) : hi;
	if (axis->is_log)
	{
		/* what was asked for may be no number of this axis */
		if (!(s.lo > 0))
			s.lo = lo;
		log_ends(&s);
		log_ticks(&s, ticks);
	}
	else
	{
		linear_ends(&s, axis, is_asked && !is_wider, ticks);
		linear_ticks(&s, ticks);
	}
	return s;
}

double
ppdl_scale_place(const PpdlScale *s, double v)
{
	double		t;

	if (s->is_log)
		t = v > 0 ? log(v / s->lo) / log(s->hi / s->lo) : 0;
	else
		t = (v - s->lo) / (s->hi - s->lo);
	t = t < 0 ? 0 : t > 1 ? 1 : t;
	return s->from + t * (s->to - s->from);
}
