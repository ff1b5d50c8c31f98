//! The tables and the gates.

use super::rounds::{Body, Cost, FILTER_COUNTS, gateway_name};
use super::startup::Start;

/// A figure that must not grow beyond its limit.
pub(super) struct Gate {
    pub(super) what: &'static str,
    /// `None` when it could not be measured.
    pub(super) found: Option<f64>,
    pub(super) limit: f64,
    pub(super) unit: &'static str,
}

/// Prints what was measured.
pub(super) fn print(cost: &Cost, start: &Start) {
    if let Some(why) = &cost.gateway_missing {
        println!("\nportcullis was not measured: {why}");
    }
    for (title, body) in [("1 KiB bodies", Body::Small), ("1 MiB bodies", Body::Large)] {
        println!("\n{title}, 64 connections     CPU µs/request   x nginx  x haproxy   rounds");
        for (row, rounds) in cost.rows.iter().filter(|(row, _)| row.body == body) {
            let ratio = |peer: &str| shown(ratio(cost, &row.server, peer, body), 2);
            let (nginx, haproxy) = (ratio("nginx"), ratio("haproxy"));
            println!(
                "  {:<26} {:>14.2} {nginx:>9} {haproxy:>10}   {}",
                row.server,
                median(rounds),
                list(rounds)
            );
        }
    }
    if cost.gateway_missing.is_none() {
        println!("\nHeader filters, as a ratio to none");
        for filters in FILTER_COUNTS {
            println!("  {filters:>2}  {}", shown(filter_ratio(cost, filters), 3));
        }
    }
    println!("\nResident memory, MiB          idle   after load");
    for (server, (idle, loaded)) in &cost.resident {
        println!("  {server:<26} {:>5.1} {:>12.1}", mebibytes(*idle), mebibytes(*loaded));
    }
    println!(
        "\nStart to first answer: nginx {:.1} ms, portcullis {} ms",
        start.nginx_ms,
        shown(start.gateway_ms, 1)
    );
}

/// Prints each gate and returns how many are not passed.
pub(super) fn print_gates(cost: &Cost, start: &Start) -> usize {
    let gateway = gateway_name(0);
    let idle = cost.resident.iter().find(|(server, _)| *server == gateway);
    let idle = idle.map(|(_, (idle, _))| *idle as f64 * 1024.0 / 1_000_000.0);
    let versus = |peer, body| ratio(cost, &gateway, peer, body);
    let gates = [
        Gate {
            what: "1 KiB, CPU per request",
            found: versus("nginx", Body::Small),
            limit: 1.15,
            unit: "x nginx",
        },
        Gate {
            what: "1 KiB, CPU per request",
            found: versus("haproxy", Body::Small),
            limit: 1.10,
            unit: "x haproxy",
        },
        Gate { what: "six header filters", found: filter_ratio(cost, 6), limit: 1.12, unit: "x none" },
        Gate {
            what: "1 MiB, CPU per request",
            found: versus("nginx", Body::Large),
            limit: 0.80,
            unit: "x nginx",
        },
        Gate { what: "resident memory, idle", found: idle, limit: 20.0, unit: "MB" },
        Gate { what: "start to first answer", found: start.gateway_ms, limit: 30.0, unit: "ms" },
    ];
    verdicts(&gates)
}

/// Prints what was found for each gate and returns how many are not passed.
pub(super) fn verdicts(gates: &[Gate]) -> usize {
    println!("\nGates");
    for gate in gates {
        let verdict = if gate.found.is_none() {
            "NOT MEASURED"
        } else if gate.is_passed() {
            "PASS"
        } else {
            "FAIL"
        };
        let found = shown(gate.found, 3);
        println!("  {verdict:<12}  {:<24} {found:>8}, at most {} {}", gate.what, gate.limit, gate.unit);
    }
    gates.iter().filter(|gate| !gate.is_passed()).count()
}

impl Gate {
    fn is_passed(&self) -> bool {
        self.found.is_some_and(|found| found <= self.limit)
    }
}

/// The median over the rounds of a server's cost as a share of its peer's in the same round.
fn ratio(cost: &Cost, server: &str, peer: &str, body: Body) -> Option<f64> {
    let find = |server: &str| cost.rows.iter().find(|(row, _)| row.server == server && row.body == body);
    let ((_, own), (_, peer)) = (find(server)?, find(peer)?);
    let pairs = own.iter().zip(peer);
    let ratios: Vec<f64> = pairs.map(|(own, peer)| own / peer).collect();
    (!ratios.is_empty()).then(|| median(&ratios))
}

fn filter_ratio(cost: &Cost, filters: usize) -> Option<f64> {
    ratio(cost, &gateway_name(filters), &gateway_name(0), Body::Small)
}

/// The middle value, or the mean of the two middle ones. `values` is not empty.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

fn shown(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn list(rounds: &[f64]) -> String {
    rounds.iter().map(|us| format!("{us:.1}")).collect::<Vec<_>>().join(" ")
}

fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::super::rounds::Row;
    use super::*;

    fn cost(rows: &[(&str, &[f64])]) -> Cost {
        let row = |(server, rounds): &(&str, &[f64])| {
            (Row { server: (*server).to_owned(), body: Body::Small }, rounds.to_vec())
        };
        Cost { rows: rows.iter().map(row).collect(), resident: Vec::new(), gateway_missing: None }
    }

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was busy in the second round: both doubled, the ratio did not.
        let cost = cost(&[("nginx", &[10.0, 20.0, 10.0]), ("portcullis", &[11.0, 22.0, 12.0])]);
        assert_eq!(ratio(&cost, "portcullis", "nginx", Body::Small), Some(1.1));
        assert_eq!(ratio(&cost, "portcullis", "haproxy", Body::Small), None);
    }

    #[test]
    fn a_gate_without_a_figure_is_not_passed() {
        let start = Start { nginx_ms: 10.0, gateway_ms: Some(30.0) };
        assert_eq!(print_gates(&cost(&[]), &start), 5);
        let start = Start { nginx_ms: 10.0, gateway_ms: Some(30.1) };
        assert_eq!(print_gates(&cost(&[]), &start), 6);
    }
}
