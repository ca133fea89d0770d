# Peers of R's `surveillance` on weekly counts.  Rscript surveillance.R COUNTS.csv FIRST OUT.csv METHOD
# COUNTS.csv: one row per series, one column per week, no header. FIRST: first judged week, counted from 1.
# OUT.csv: one row per series; for each judged week its score, then for each judged week its alarm (0 or 1).
suppressMessages(library(surveillance))
args <- commandArgs(trailingOnly = TRUE)
counts <- as.matrix(read.csv(args[1], header = FALSE))
range <- as.integer(args[2]):ncol(counts)
alpha <- 0.01

as_sts <- function(y) sts(observed = y, start = c(2000, 1), frequency = 52)
over <- function(y, bound) (y - bound) / sqrt(pmax(bound, 1))  # how far above the bound, for a common threshold

methods <- list(
  farringtonFlexible = function(y) {
    control <- list(range = range, b = 5, w = 3, reweight = TRUE, weightsThreshold = 2.58, alpha = alpha, trend = TRUE,
                    pThresholdTrend = 1, limit54 = c(0, 4), noPeriods = 10, pastWeeksNotIncluded = 26,
                    fitFun = "algo.farrington.fitGLM.flexible", thresholdMethod = "nbPlugin", glmWarnings = FALSE)
    found <- farringtonFlexible(as_sts(y), control)
    p <- pmax(as.numeric(found@control$pvalue), 1e-300)
    list(-log10(p), as.numeric(alarms(found)))
  },
  earsC1 = function(y) ears(y, "C1", 7), earsC2 = function(y) ears(y, "C2", 7), earsC3 = function(y) ears(y, "C3", 7),
  rki = function(y) {
    found <- rki(as_sts(y), control = list(range = range, b = 5, w = 3, actY = FALSE))
    list(over(y[range], as.numeric(upperbound(found))), as.numeric(alarms(found)))
  },
  bayes = function(y) {
    found <- bayes(as_sts(y), control = list(range = range, b = 5, w = 3, actY = TRUE, alpha = alpha))
    list(over(y[range], as.numeric(upperbound(found))), as.numeric(alarms(found)))
  },
  glrnb = function(y) {
    found <- glrnb(as_sts(y), control = list(range = range, c.ARL = 5, mu0 = list(S = 1, trend = TRUE), alpha = NULL,
                                             ret = "value", M = 10))
    list(as.numeric(upperbound(found)), as.numeric(alarms(found)))
  }
)

ears <- function(y, method, baseline) {
  found <- earsC(as_sts(y), control = list(range = range, method = method, baseline = baseline, alpha = alpha))
  list(over(y[range], as.numeric(upperbound(found))), as.numeric(alarms(found)))
}

run <- methods[[args[4]]]
empty <- rep(0, length(range))
rows <- t(apply(counts, 1, function(y) unlist(tryCatch(suppressWarnings(run(as.numeric(y))), error = function(e) {
  message(args[4], ": ", conditionMessage(e))
  list(empty, empty)
}))))
rows[!is.finite(rows)] <- 0
write.table(rows, args[3], sep = ",", row.names = FALSE, col.names = FALSE)
