//! stub
/// s
#[derive(Clone, Debug, Default)]
pub struct StateOverrides {}
impl StateOverrides {
 pub(crate) fn moves(&self, _: super::Hardfork) -> crate::Result<Vec<(alloy_primitives::Address, alloy_primitives::Address)>> { Ok(vec![]) }
 pub(crate) fn apply(&self, _: &mut crate::state::State) -> crate::Result<()> { Ok(()) }
}
