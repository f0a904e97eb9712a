//! Packets of the network, written to files.

use crate::codegen::calls;

use super::{Analysis, Builtin, Kind, Rules, Timing};
use crate::hir::{Block, Expr, ExprKind};
use crate::manifest::SiteKind;
use crate::sema::{CallSite, Extra, Typer, build, slot};
use crate::types::Type;

pub static SKBOUTPUT: Builtin = Builtin {
    name: "skboutput",
    kind: Kind::Function,
    timing: Timing::Asynchronous,
    rules: Rules::unsafe_in(&["fentry", "fexit", "rawtracepoint"]),
    signature: "skboutput(file, skb, length, offset)",
    doc: "Appends the data of a packet (`struct sk_buff *`) from an offset on to a pcap file, whose packets begin with the IP header: an offset of 14 leaves out the one of Ethernet. What the kernel keeps in pages of its own is not captured; the file says how long the packet was. 0 when it was sent.",
    example: r#"rawtracepoint:net_dev_queue { $skb = (struct sk_buff *)arg0; _ = skboutput("/tmp/out.pcap", $skb, $skb.len, 14); }"#,
    analyze: Analysis::Call(skboutput),
    lower: calls::packets::skboutput,
};

/// The most bytes of one packet: a jumbo frame.
pub const MOST_BYTES: u32 = 9216;

/// The call's arguments are the address of the data, the packet's bytes, those in pages of their own, the length and
/// the offset.
fn skboutput(typer: &mut Typer<'_>, site: &CallSite<'_>) -> Option<Expr> {
    site.expect(typer, 4..=4)?;
    let (path, _) = site.text(typer, 0)?;
    let packet = site.value(typer, 1)?;
    let (length, offset) = (site.integer(typer, 2)?, site.integer(typer, 3)?);
    match &packet.ty {
        Type::Pointer { to, .. } if matches!(&**to, Type::Struct { name, .. } if **name == *"struct sk_buff") => {}
        _ => return site.wrong_type(typer, &packet, "a 'struct sk_buff *'"),
    }
    let (assign, packet) = typer.temporary(packet);
    let mut field = |name: &str| {
        let value = typer.load_path(packet.clone(), &[name], site.span)?;
        Some(build::cast(value, Type::UINT64))
    };
    let mut arguments = vec![field("data")?, field("len")?, field("data_len")?];
    for number in [length, offset] {
        arguments.push(typer.convert(number, &Type::UINT64)?);
    }
    let path = String::from_utf8_lossy(&path).into_owned();
    let slots = vec![slot(Type::UINT64), slot(Type::UINT64), slot(Type::Buffer { capacity: MOST_BYTES })];
    let id = typer.site(SiteKind::Packet { path, arguments: slots }, site.span);
    let call = site.call_with(Type::UINT32, arguments, Extra::site(id));
    let block = Block { statements: vec![assign] };
    Some(Expr { kind: ExprKind::Block { block, value: Box::new(call) }, ty: Type::UINT32, span: site.span })
}
