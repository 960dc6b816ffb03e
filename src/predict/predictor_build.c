/* Making a predictor: stages, scales, encoded matrices. */
#include "predict/predictor_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/polyeval.h"
#include "predict/layer_matrix.h"

/* scales: the most, of lifted rows, the least that still carries the precision */
#define SCALE_MOST 0x1p40
#define SCALE_LIFTED 0x1p40
#define SCALE_LEAST 0x1p34
#define PLAIN_LEAST 0x1p30

static const PpdlEntry packed_rows = {"encrypted rows have", PPDL_ROW_C2S_LEVELS - 1, PPDL_ROW_C2S_LIMBS,
									  PPDL_ROW_C2S_BABY, 0x1p39};
static const PpdlEntry lifted_rows = {"the deep ring has", 0, PPDL_LIFTED_LIMBS, PPDL_DEEP_BABY, SCALE_LIFTED};

/* what making one takes */
typedef struct Build
{
	PpdlPredictor *p;
	PpdlPlan   *plan;
	PpdlThreads *threads;
	const PpdlPoll *poll;
} Build;

static double
top_prime(const PpdlParams *par, int limbs)
{
	return (double) par->ring->mod[limbs - 1].q;
}

/* largest scale at which |value| <= bound fits `limbs` limbs, with two bits to spare */
static double
most_scale(const PpdlParams *par, int limbs, double bound)
{
	return exp2(ppdl_params_log2_q(par, limbs) - 3) / fmax(bound, 0x1p-20);
}

/* step: whose numbers it takes, or NULL */
static PpdlStage *
add_stage(PpdlPredictor *p, PpdlStageKind kind, const PpdlStep *step, int in_groups, int out_groups)
{
	PpdlStage  *s = &p->stage[p->nstages++];

	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->step = step;
	s->in_groups = in_groups;
	s->out_groups = out_groups;
	s->per_group = 1;
	return s;
}

/* ---- shape: which stages there are ---- */

static void
map_of_step(PpdlRowMap *map, const PpdlPredictor *p, const PpdlStep *step)
{
	memset(map, 0, sizeof(*map));
	map->slots = p->slots;
	map->half = p->half;
	map->plus = &step->affine;
	if (step->kind == PPDL_STEP_QUADRATIC)
	{
		map->plus = &step->quadratic.plus;
		map->minus = &step->quadratic.minus;
		map->outputs = step->quadratic.product ? 0 : step->quadratic.outputs;
		map->pairs = step->quadratic.pairs;
	}
}

static void
add_matrix_stage(PpdlPredictor *p, const PpdlStep *step, int *groups)
{
	int			first = p->nstages == p->entry->transforms;
	PpdlRowMap	map;
	PpdlStage  *s;

	map_of_step(&map, p, step);
	s = add_stage(p, PPDL_STAGE_MATRIX, step, *groups, ppdl_row_map_groups(&map));
	s->conjugates = first;
	s->per_group = first && map.minus != NULL ? 2 : 1;
	s->nlt = s->out_groups * s->per_group;
	if (step->kind == PPDL_STEP_QUADRATIC && step->quadratic.product)
	{
		s->with_input = 1;
		s->out_groups++;
		s->nlt++;
	}
	s->bound = step->kind == PPDL_STEP_QUADRATIC ? step->inner : step->bound;
	*groups = s->out_groups;
}

static void
add_stages(PpdlPredictor *p, const PpdlPlan *plan)
{
	int			groups = 1;

	for (int i = 0; i < p->entry->transforms; i++)
	{
		PpdlStage  *s = add_stage(p, PPDL_STAGE_LINEAR, NULL, 1, 1);

		s->bound = M_SQRT2;
		s->nlt = 1;
	}
	for (int i = 0; i < plan->nsteps; i++)
	{
		const PpdlStep *step = &plan->step[i];
		PpdlStage  *s;

		switch (step->kind)
		{
			case PPDL_STEP_AFFINE:
				add_matrix_stage(p, step, &groups);
				break;
			case PPDL_STEP_SQUARE:
				add_stage(p, PPDL_STAGE_SQUARE, step, groups, groups)->bound = step->bound;
				break;
			case PPDL_STEP_CHEBYSHEV:
			case PPDL_STEP_MONOMIAL:
				s = add_stage(p, PPDL_STAGE_POLY, step, groups, groups);
				s->bound = step->bound;
				s->chebyshev = step->kind == PPDL_STEP_CHEBYSHEV;
				s->degree = step->degree;
				memcpy(s->coef, step->coef, sizeof(s->coef));
				p->inner = fmax(p->inner, step->inner);
				break;
			case PPDL_STEP_QUADRATIC:
				add_matrix_stage(p, step, &groups);
				s = add_stage(p, step->quadratic.product ? PPDL_STAGE_SUM_PRODUCT : PPDL_STAGE_SUM_SQUARES, step,
							  groups, 1);
				s->bound = step->bound;
				s->stride = ppdl_quadratic_stride(step->quadratic.outputs);
				s->constant_value = step->quadratic.constant[0];
				break;
		}
	}
}

static int
is_sum(const PpdlStage *s)
{
	return s->kind == PPDL_STAGE_SUM_SQUARES || s->kind == PPDL_STAGE_SUM_PRODUCT;
}

static int
stage_levels(const PpdlStage *s)
{
	return s->kind == PPDL_STAGE_POLY ? ppdl_poly_levels(s->degree) : 1;
}

/* ---- scales ---- */

/* scale that stage i should give out; its limbs are known */
static double
wanted_scale(const PpdlPredictor *p, int i)
{
	const PpdlStage *s = &p->stage[i];
	int			after = s->limbs - stage_levels(s);
	double		scale = fmin(p->entry->layer_scale, most_scale(p->par, after, s->bound));

	if (i + 1 == p->nstages)
		return fmin(SCALE_MOST, most_scale(p->par, after, s->bound));
	if (is_sum(s + 1))
		return fmin(SCALE_MOST, sqrt(most_scale(p->par, s[1].limbs, s[1].bound)));
	return scale;
}

/* limbs and scales of all stages from `limbs` at entry; 0 when a scale falls short */
static int
assign_scales(PpdlPredictor *p, int limbs)
{
	double		scale = p->in_scale,
				target;
	int			good = 1;

	p->limbs = limbs;
	for (int i = 0; i < p->nstages; i++)
	{
		p->stage[i].limbs = limbs;
		limbs -= stage_levels(&p->stage[i]);
	}
	target = wanted_scale(p, p->entry->transforms);
	for (int i = 0; i < p->nstages; i++)
	{
		PpdlStage  *s = &p->stage[i];

		/* CoefficientsToSlots goes to the first layer's scale in equal steps */
		if (i < p->entry->transforms)
			s->scale = p->in_scale * pow(target / p->in_scale, (i + 1.0) / (p->entry->transforms + 1));
		else if (s->kind == PPDL_STAGE_SQUARE || is_sum(s))
			s->scale = scale * scale / top_prime(p->par, s->limbs);
		else
			s->scale = wanted_scale(p, i);
		if (s->kind == PPDL_STAGE_LINEAR || s->kind == PPDL_STAGE_MATRIX)
			good = good && s->scale / scale * top_prime(p->par, s->limbs) >= PLAIN_LEAST;
		if (s->kind == PPDL_STAGE_POLY && s->chebyshev)
			good = good && p->inner * p->entry->layer_scale <= most_scale(p->par, s->limbs - stage_levels(s) + 1, 1);
		good = good && s->scale >= SCALE_LEAST && s->scale <= most_scale(p->par, s->limbs - stage_levels(s),
																		 s->bound) * (1 + 1e-9);
		scale = s->scale;
	}
	return good;
}

static PpdlStatus
choose_limbs(PpdlPredictor *p, int levels, PpdlError *err)
{
	double		before = 1;

	for (int limbs = levels + 1; limbs <= p->entry->limbs; limbs++)
		if (assign_scales(p, limbs))
			return PPDL_OK;
	if (p->nstages > 1)
		before = p->stage[p->nstages - 2].bound;
	ppdl_error(err, PPDL_ERR_RANGE,
			   "values of the network can grow beyond what ciphertexts carry: outputs to %.3g, before them %.3g",
			   p->stage[p->nstages - 1].bound, before);
	ppdl_error_detail(err, PPDL_ERR_RANGE,
					  "These are bounds for inputs within [-1, 1], from the weights and activations.");
	return ppdl_error_hint(err, PPDL_ERR_RANGE,
						   "Smaller weights or input_scale, or activations on wider intervals, lower them.");
}

/* ---- encoding ---- */

/* of CoefficientsToSlots and the first layer, which is its last level */
static PpdlC2sRotation
rotated_level(const PpdlPredictor *p, const PpdlStage *s)
{
	const int	level = (int) (s - p->stage);
	PpdlC2sRotation	rotated = {0};

	for (int i = 0; i <= level && level <= p->entry->transforms; i++)
		ppdl_c2s_rotation(&rotated, i, p->entry->transforms + 1, ppdl_row_c2s[i].stride, 0);
	return rotated;
}

static PpdlStatus
encode_matrix(const Build *build, PpdlStage *s, double in_scale, PpdlMatrix *m, PpdlLinTrans **lt, PpdlError *err)
{
	const PpdlPredictor *p = build->p;
	const PpdlC2sRotation rotated = rotated_level(p, s);
	const PpdlLinTransForm form = {
		.limbs = s->limbs, .pt_scale = s->scale / in_scale * top_prime(p->par, s->limbs), .baby = p->entry->baby,
		.min_keys = 1, .source = rotated.source
	};
	PpdlStatus	status = ppdl_matrix_rotate(m, rotated.in, rotated.out, err);

	if (status == PPDL_OK)
		status = ppdl_lintrans_create(lt, p->par, m, &form, build->threads, build->poll, err);
	ppdl_matrix_destroy(m);
	if (status == PPDL_ERR_RANGE)
	{
		ppdl_error(err, PPDL_ERR_RANGE, "weights of the network are too large to encode");
		ppdl_error_hint(err, PPDL_ERR_RANGE,
						"Smaller weights with a larger input_scale, or the other way round, may do.");
	}
	return status;
}

static PpdlStatus
encode_periodic(const PpdlPredictor *p, PpdlPt *pt, const double complex *z, int limbs, double scale, PpdlError *err)
{
	pt->p = ppdl_alloc_aligned(sizeof(uint64_t) * p->par->n * limbs);
	if (pt->p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return ppdl_encode_slots(p->par, pt, z, p->slots, scale, limbs, err);
}

/* stages 16..2 are folded into the first layer */
static PpdlStatus
encode_c2s(const Build *build, int i, double in_scale, PpdlError *err)
{
	const PpdlC2sLevel *level = &ppdl_row_c2s[i];
	PpdlStage  *s = &build->p->stage[i];
	PpdlMatrix *m;

	s->lt = calloc(1, sizeof(*s->lt));
	if (s->lt == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_matrix_dft(&m, build->p->par, level->period, level->len, level->stages, 1, err));
	return encode_matrix(build, s, in_scale, m, &s->lt[0], err);
}

static PpdlStatus
encode_biases(PpdlPredictor *p, PpdlStage *s, const PpdlRowMap *map, PpdlError *err)
{
	int			groups = s->out_groups - s->with_input;
	double complex *z = malloc(sizeof(*z) * p->slots);
	PpdlStatus	status = PPDL_OK;

	s->bias = calloc(groups, sizeof(PpdlPt));
	if (z == NULL || s->bias == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int to = 0; to < groups && status == PPDL_OK; to++)
	{
		ppdl_layer_bias(z, map, to);
		status = encode_periodic(p, &s->bias[to], z, s->limbs - 1, s->scale, err);
	}
	free(z);
	return status;
}

/* transform i of input group `from` */
static PpdlStatus
stage_matrix(PpdlMatrix **m, const PpdlPredictor *p, const PpdlStage *s, const PpdlRowMap *map, int from, int i,
			 PpdlError *err)
{
	int			is_input = s->with_input && i == s->nlt - 1,
				to = is_input ? 0 : i / s->per_group,
				which = is_input ? 0 : i % s->per_group;

	if (!s->conjugates)
		return ppdl_layer_matrix(m, map, i, from, err);
	if (is_input)
		map = NULL;
	return p->entry->transforms > 0 ? ppdl_first_matrix_c2s(m, p->par, map, to, which, err) :
		ppdl_first_matrix(m, map, to, which, err);
}

static PpdlStatus
encode_layer(const Build *build, PpdlStage *s, double in_scale, PpdlError *err)
{
	PpdlPredictor *p = build->p;
	PpdlRowMap	map;

	map_of_step(&map, p, s->step);
	s->lt = calloc((size_t) s->in_groups * s->nlt, sizeof(*s->lt));
	if (s->lt == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int from = 0; from < s->in_groups; from++)
	{
		for (int i = 0; i < s->nlt; i++)
		{
			PpdlMatrix *m;

			PPDL_TRY(stage_matrix(&m, p, s, &map, from, i, err));
			PPDL_TRY(encode_matrix(build, s, in_scale, m, &s->lt[from * s->nlt + i], err));
		}
	}
	return encode_biases(p, s, &map, err);
}

/* constants of a quadratic form with several outputs, output j in slot j */
static PpdlStatus
encode_constants(PpdlPredictor *p, PpdlStage *s, PpdlError *err)
{
	const PpdlQuadratic *q = &s->step->quadratic;
	double complex *z;
	PpdlStatus	status;

	if (q->outputs == 1)
		return PPDL_OK;
	z = calloc(p->slots, sizeof(*z));
	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int j = 0; j < q->outputs; j++)
		z[j] = q->constant[j];
	status = encode_periodic(p, &s->constant, z, s->limbs - 1, s->scale, err);
	free(z);
	return status;
}

static PpdlStatus
encode(const Build *build, PpdlError *err)
{
	PpdlPredictor *p = build->p;
	double		scale = p->in_scale;

	for (int i = 0; i < p->nstages; i++)
	{
		PpdlStage  *s = &p->stage[i];

		if (s->kind == PPDL_STAGE_LINEAR)
			PPDL_TRY(encode_c2s(build, i, scale, err));
		else if (s->kind == PPDL_STAGE_MATRIX)
			PPDL_TRY(encode_layer(build, s, scale, err));
		else if (is_sum(s))
			PPDL_TRY(encode_constants(p, s, err));
		scale = s->scale;
	}
	return PPDL_OK;
}

/* ---- what errors become ---- */

/* the last stages of CoefficientsToSlots, which the first layer takes in: each a butterfly of two halves */
#define FOLDED_NORM 0x1p-2

static void
place_estimates(PpdlPredictor *p)
{
	const int	first = p->entry->transforms;
	double		norm = first > 0 ? sqrt((double) p->par->n) : M_SQRT2;

	for (int i = 0; i < first; i++)
	{
		p->stage[i].size = norm;	/* coefficients within [-1,1] are as large as sqrt(N) in the mean, as slots */
		norm *= ppdl_lintrans_norm(p->stage[i].lt[0]);
	}
	p->stage[first].size = norm;
	norm = FOLDED_NORM;
	for (int i = first - 1; i >= 0; i--)
	{
		p->stage[i].gain = norm * p->estimate.input_gain;
		norm *= ppdl_lintrans_norm(p->stage[i].lt[0]);
	}
	for (int i = first; i < p->nstages; i++)
	{
		const PpdlReach *reach = &p->estimate.reach[i - first];

		p->stage[i].gain = reach->gain;
		if (i > first)
			p->stage[i].size = p->stage[i].kind == PPDL_STAGE_MATRIX ? reach[-1].rms : reach[-1].most;
	}
}

/* ---- the whole ---- */

/* levels: of the network, with those of CoefficientsToSlots */
static PpdlStatus
check_levels(const PpdlEntry *entry, int levels, PpdlError *err)
{
	if (levels < entry->limbs)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_LEVEL, "the network needs %d levels, %s %d", levels, entry->name, entry->limbs - 1);
	if (entry->transforms == 0)
		return ppdl_error_hint(err, PPDL_ERR_LEVEL,
							   "A layer takes 1, a degree-2 activation 1, others log2(degree + 1) rounded up.");
	return ppdl_error_hint(err, PPDL_ERR_LEVEL,
						   "Packing takes %d levels, a layer after the first one 1, a degree-2 activation 1, "
						   "others log2(degree + 1) rounded up. Deeper networks need the owner's keys for training.",
						   entry->transforms + 1);
}

static PpdlStatus
check_shape(const PpdlPredictor *p, const PpdlNet *net, PpdlError *err)
{
	if (p->width != net->inputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has %d inputs, the rows have %d values", net->inputs,
						  p->width);
	if (p->width < PPDL_PREDICT_MIN_WIDTH || p->width > PPDL_PREDICT_MAX_WIDTH)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "networks on encrypted rows have %d to %d inputs, not %d",
						  PPDL_PREDICT_MIN_WIDTH, PPDL_PREDICT_MAX_WIDTH, p->width);
	if (p->outputs > p->slots)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has %d outputs, rows of %d values have room for %d",
				   p->outputs, p->width, p->slots);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Give the rows more values (zeros will do), or use several networks.");
	}
	return check_levels(p->entry, p->entry->transforms + ppdl_network_depth(net), err);
}

/* plan, and stages with their limbs and scales */
static PpdlStatus
lay_out(Build *build, const PpdlNet *net, PpdlError *err)
{
	PpdlPredictor *p = build->p;
	const PpdlPlanLimits limits = {p->par, p->slots, p->entry->limbs - p->entry->transforms, PPDL_PREDICTOR_BYTES,
								   build->poll};

	PPDL_TRY(check_shape(p, net, err));
	PPDL_TRY(ppdl_plan_create(&build->plan, net, &limits, err));
	add_stages(p, build->plan);
	PPDL_TRY(ppdl_estimate_create(&p->estimate, build->plan, p->slots, build->poll, err));
	return choose_limbs(p, p->entry->transforms + ppdl_plan_depth(build->plan), err);
}

static PpdlStatus
new_predictor(PpdlPredictor **out, const PpdlParams *par, const PpdlEntry *entry, const PpdlNet *net, int width,
			  double scale,
			  PpdlError *err)
{
	PpdlPredictor *p = calloc(1, sizeof(*p));

	*out = p;
	if (p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	p->par = par;
	p->entry = entry;
	p->width = width;
	p->logk = ppdl_log2_width(p->width);
	p->half = p->slots = p->logk > 0 ? 1 << (p->logk - 1) : 1;
	p->outputs = ppdl_net_outputs(net);
	p->in_scale = scale;
	/* a lifted row can be given the slots of its neighbours */
	while (entry->transforms == 0 && p->slots < p->outputs && 2 * p->slots <= PPDL_PREDICT_MAX_WIDTH / 2)
		p->slots *= 2;
	return PPDL_OK;
}

/* out NULL: nothing is encoded */
static PpdlStatus
create(PpdlPredictor **out, Build build, const PpdlParams *par, const PpdlEntry *entry, const PpdlNet *net, int width,
	   double scale,
	   PpdlError *err)
{
	PpdlStatus	status;

	PPDL_GOTO(done, new_predictor(&build.p, par, entry, net, width, scale, err));
	PPDL_GOTO(done, lay_out(&build, net, err));
	if (out == NULL)
		goto done;
	PPDL_GOTO(done, encode(&build, err));
	place_estimates(build.p);
	/* the steps go with the plan */
	for (int i = 0; i < build.p->nstages; i++)
		build.p->stage[i].step = NULL;
	*out = build.p;
	build.p = NULL;
done:
	ppdl_predictor_destroy(build.p);
	ppdl_plan_destroy(build.plan);
	return status;
}

PpdlStatus
ppdl_predictor_create(PpdlPredictor **out, const PpdlNet *net, int width, double scale, PpdlThreads *threads,
					  const PpdlPoll *poll,
					  PpdlError *err)
{
	const Build build = {.threads = threads, .poll = poll};
	const PpdlParams *par;

	*out = NULL;
	PPDL_TRY(ppdl_params_get(PPDL_RING_ROW, &par, err));
	return create(out, build, par, &packed_rows, net, width, scale, err);
}

PpdlStatus
ppdl_predictor_create_lifted(PpdlPredictor **out, PpdlEval *ev, const PpdlNet *net, int width, PpdlError *err)
{
	const PpdlPoll poll = ppdl_eval_poller(ev);
	const Build build = {.threads = ev->threads, .poll = &poll};

	*out = NULL;
	return create(out, build, ev->par, &lifted_rows, net, width, SCALE_LIFTED, err);
}

PpdlStatus
ppdl_predictor_check_lifted(const PpdlParams *deep, const PpdlNet *net, int width, const PpdlPoll *poll, PpdlError *err)
{
	const Build build = {.poll = poll};

	return create(NULL, build, deep, &lifted_rows, net, width, SCALE_LIFTED, err);
}

void
ppdl_predictor_destroy(PpdlPredictor *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < p->nstages; i++)
	{
		PpdlStage  *s = &p->stage[i];

		for (int k = 0; s->lt != NULL && k < s->in_groups * s->nlt; k++)
			ppdl_lintrans_destroy(s->lt[k]);
		for (int k = 0; s->bias != NULL && k < s->out_groups - s->with_input; k++)
			ppdl_free_aligned(s->bias[k].p);
		free(s->lt);
		free(s->bias);
		ppdl_free_aligned(s->constant.p);
	}
	free(p);
}

size_t
ppdl_predictor_bytes(const PpdlPredictor *p)
{
	size_t		bytes = sizeof(*p),
				limb = sizeof(uint64_t) * p->par->n;

	for (int i = 0; i < p->nstages; i++)
	{
		const PpdlStage *s = &p->stage[i];

		for (int k = 0; s->lt != NULL && k < s->in_groups * s->nlt; k++)
			bytes += ppdl_lintrans_bytes(s->lt[k]);
		if (s->bias != NULL)
			bytes += limb * (s->limbs - 1) * (s->out_groups - s->with_input);
		if (s->constant.p != NULL)
			bytes += limb * (s->limbs - 1);
	}
	return bytes;
}

int
ppdl_predictor_outputs(const PpdlPredictor *p)
{
	return p->outputs;
}

int
ppdl_predictor_limbs(const PpdlPredictor *p)
{
	return p->limbs;
}

double
ppdl_predictor_scale(const PpdlPredictor *p)
{
	return p->in_scale;
}
