/* The protocol by which a running cluster changes its plan, for the model checker spin.
 *
 * What is modelled, and the sources that it must agree with:
 *   - the first process: the thread that changes plans (gpu/engine/plan/plan_changer.cpp) and the serving
 *     threads of the prefill and the decode unit, which meet it at the step gate (step_gate.cpp);
 *   - another process that hosts ranks of both units and follows commands (unit_processes.cpp);
 *   - the numbered commands and answers between them (unit_link.cpp);
 *   - the plan on disk, and what is acknowledged to a client (gpu/node).
 * Two changes run one after the other, so that places which the first one freed are used again.
 *
 * At most one fault happens, at any moment: a process dies, or one message of the link is lost or
 * comes twice. Delays need no fault: every interleaving is explored.
 *
 * What must hold:
 *   - both processes run a step of a unit under one epoch and one table ("never two epochs in one
 *     dispatch");
 *   - every slot of the table that a step uses holds its weights ("never an expert without a live
 *     replica");
 *   - `kept`: a plan acknowledged as in force is on disk, whatever dies next;
 *   - `ends`: every change comes to an end, or the run does and says so.
 *
 * With -D one safeguard is left out (check.sh has the list); spin must then find what goes wrong.
 * A message that breaks the numbering (the one after a gap, the second of two) is marked, in the
 * place of counters, which would only multiply states.
 */

#define PREFILL 0
#define DECODE 1
#define FIRST 0
#define OTHER 1
#ifndef CHANGES
#define CHANGES 2
#endif

mtype = { step, stage, flip };

chan command[2] = [2] of { mtype, byte, bool };  /* by unit: what, epoch or plan, out of order */
chan answer[2] = [2] of { bool };                /* by unit: out of order */
bool gap[2];                                     /* by unit: a command before the next one is gone */

byte epoch[4];   /* [process * 2 + unit]: in force there */
byte table[8];   /* [(process * 2 + unit) * 2 + parity]: plan by which tokens find slots */
byte content[8]; /* likewise: plan whose weights the places hold */

bool gate_closed, standing;
bool parked[2];

bool dead[2];    /* by process */
bool broken;     /* something is dead or lost; nobody has noticed yet */
bool ended;      /* the run has failed and says so: every wait ends */
bool undo;       /* a client asked to roll the change back */

byte in_force;   /* epoch that the first process counts as in force */
byte on_disk;    /* epoch that a restart goes on from */
byte acknowledged; /* latest epoch acknowledged to a client as in force */
byte finished;   /* changes that came to an end */

#define at(process, unit) ((process) * 2 + (unit))
#define place(process, unit, e) (at(process, unit) * 2 + ((e) % 2))
#define first_over (dead[FIRST] || ended)
#define other_over (dead[OTHER] || ended)

inline send(unit, what, value) {
  if
  :: atomic { nfull(command[unit]) && !first_over ->
       command[unit]!what, value, gap[unit]; gap[unit] = false }
  :: first_over
  fi
}

/* A step of `unit` in `process`: its slots are those of the table in force there. */
inline use_slots(process, unit) {
  assert(content[place(process, unit, epoch[at(process, unit)])] ==
         table[place(process, unit, epoch[at(process, unit)])])
}

/* A step as serving and the probe run it: both processes take part, the answer ends it. */
inline whole_step(unit) {
  send(unit, step, epoch[at(FIRST, unit)]);
  if
  :: atomic { answer[unit]?wrong -> use_slots(FIRST, unit);
#ifndef WITHOUT_NUMBERS
       if :: wrong -> ended = true :: else fi;
#endif
       wrong = false }
  :: first_over
  fi
}

proctype Serving(byte unit) {
  bool wrong;
  do
  :: first_over -> break
  :: atomic { !first_over && gate_closed -> parked[unit] = true };
#ifndef WITHOUT_GATE
     (!gate_closed || first_over);
#else
     whole_step(unit);
#endif
     parked[unit] = false
  :: atomic { !first_over && !gate_closed -> skip };
     whole_step(unit)
  od
}

proctype Follower(byte unit) {
  mtype what;
  byte value;
  bool wrong;
  do
  :: other_over -> break
  :: atomic { command[unit]?what, value, wrong ->
       if
       :: other_over -> break
       :: else
       fi;
#ifndef WITHOUT_NUMBERS
       if
       :: wrong -> ended = true; break
       :: else
       fi;
#endif
       if
       :: what == stage ->
          table[place(OTHER, unit, epoch[at(OTHER, unit)] + 1)] = value
       :: what == flip -> epoch[at(OTHER, unit)] = value
       :: what == step ->
#ifndef WITHOUT_EPOCH_CHECK
          /* Tokens carry the epoch of their sender; a receiver of another one stops the run. */
          if
          :: value != epoch[at(OTHER, unit)] -> ended = true; break
          :: else
          fi;
#endif
          assert(value == epoch[at(OTHER, unit)]);
          assert(table[place(OTHER, unit, value)] == table[place(FIRST, unit, value)]);
          use_slots(OTHER, unit)
       fi
     };
     if
     :: what == step ->
        if
        :: answer[unit]!false
        :: other_over -> break
        fi
     :: else
     fi
  od
}

/* Closes the gate; a unit that does not come in time opens it again. */
inline close_gate() {
  gate_closed = true;
  if
  :: atomic { parked[PREFILL] && parked[DECODE] -> standing = true }
  :: atomic { !(parked[PREFILL] && parked[DECODE]) -> standing = false; gate_closed = false }
  :: atomic { first_over -> standing = false }
  fi
}

inline flip_unit(unit, e) {
  send(unit, flip, e);
  if
  :: atomic { first_over -> skip }
  :: atomic { !first_over -> epoch[at(FIRST, unit)] = e }
  fi
}

inline keep_on_disk(e) {
  if
  :: atomic { first_over -> skip }
  :: atomic { !first_over -> on_disk = e }
  fi
}

/* Weights of a plan go into the places of parity e, in all processes. */
inline copy_weights(e, plan) {
  d_step {
    content[place(FIRST, PREFILL, e)] = plan;
    content[place(FIRST, DECODE, e)] = plan;
    content[place(OTHER, PREFILL, e)] = plan;
    content[place(OTHER, DECODE, e)] = plan
  }
}

proctype Changer() {
  byte base, plan;
  bool wrong;
  do
  :: finished == CHANGES || first_over -> break
  :: else ->
     d_step { base = in_force; plan = finished + 1 };
     /* prepare: serving goes on */
#ifdef COPY_INTO_PLACES_IN_USE
     content[place(OTHER, DECODE, base)] = plan;
#endif
     copy_weights(base + 1, plan);
     if
     :: atomic { undo -> undo = false; finished++; goto next }  /* rolled back */
     :: else
     fi;
     send(PREFILL, stage, plan);
     send(DECODE, stage, plan);
     d_step {
       table[place(FIRST, PREFILL, base + 1)] = plan;
       table[place(FIRST, DECODE, base + 1)] = plan
     };
     close_gate();
     if
     :: atomic { !standing -> finished++; goto next }           /* rolled back */
     :: else
     fi;
     flip_unit(PREFILL, base + 1);
#ifndef FLIP_ONE_UNIT
     flip_unit(DECODE, base + 1);
#endif
     /* the probe runs through every slot of both units under the new plan */
     whole_step(PREFILL);
     whole_step(DECODE);
     if
     :: first_over -> break
     :: !first_over ->                                /* the same logits, in time */
        in_force = base + 1;
#ifdef ACKNOWLEDGED_BEFORE_DISK
        acknowledged = in_force;
#endif
        keep_on_disk(in_force);
        gate_closed = false;
        /* the old weights are held for a while: going back is a flip */
        if
        :: atomic { undo -> undo = false };
           close_gate();
           if
           :: standing ->
              flip_unit(PREFILL, base + 2);
              flip_unit(DECODE, base + 2);
              in_force = base + 2;
              keep_on_disk(in_force);
              gate_closed = false
           :: else
           fi
        :: else
        fi;
        if
        :: first_over -> break
        :: atomic { !first_over -> acknowledged = in_force; finished++ }
        fi
     :: !first_over ->                                /* other logits, or too late */
        flip_unit(PREFILL, base);
#ifndef FLIP_ONE_UNIT
        flip_unit(DECODE, base);
#endif
        atomic { gate_closed = false; finished++ }
     fi;
next: skip
  od
}

proctype Client() {
  if
  :: undo = true
  :: skip
  fi
}

/* At most one fault, of the kind that -DFAULT_... names; none without. */
proctype Fault() {
#if defined(FAULT_LOSS) || defined(FAULT_TWICE)
  mtype what;
  byte value, unit;
  if
  :: unit = PREFILL
  :: unit = DECODE
  fi;
#endif
  if
#ifdef FAULT_FIRST_DIES
  :: atomic { !ended && finished < CHANGES -> dead[FIRST] = true; broken = true }
#endif
#ifdef FAULT_OTHER_DIES
  :: atomic { !ended && finished < CHANGES -> dead[OTHER] = true; broken = true }
#endif
#ifdef FAULT_LOSS
  :: atomic { nempty(command[unit]) -> command[unit]?what, value, _;
       if
       :: nempty(command[unit]) ->       /* the next one has the wrong number */
          command[unit]?what, value, _; command[unit]!what, value, true
       :: else -> gap[unit] = true
       fi;
       broken = true }
  :: atomic { nempty(answer[unit]) -> answer[unit]?_; broken = true }
#endif
#ifdef FAULT_TWICE
  :: atomic { nempty(command[unit]) -> command[unit]?<what, value, _> };
     atomic { nfull(command[unit]) -> command[unit]!what, value, true }  /* at any time later */
  :: atomic { nempty(answer[unit]) && nfull(answer[unit]) -> answer[unit]!true }
#endif
  :: skip
  fi;
  /* The heartbeat of processes and the deadline of a step notice, and the run ends. */
#ifndef WITHOUT_DEADLINE
  if
  :: broken -> ended = true
  :: else
  fi
#endif
}

init {
  atomic {
    run Serving(PREFILL);
    run Serving(DECODE);
    run Follower(PREFILL);
    run Follower(DECODE);
    run Changer();
    run Client();
    run Fault()
  }
}

ltl kept { [] (acknowledged <= on_disk) }
ltl ends { <> (finished == CHANGES || ended) }
